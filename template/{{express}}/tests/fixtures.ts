/** What tests are given: settings, and a database that nobody but the tests of one file uses, empty for each of them. */

import { test as base } from "vitest";
import { Metrics } from "../src/platform/metrics.ts";
import type { Database } from "../src/ports.ts";
import { load, readFile, type Settings } from "../src/settings.ts";
import { migrate } from "../src/wiring.ts";
import { connectDatabase, database as testDatabase } from "./wiring.ts";

const ENVIRONMENT = { SECRET_KEY: "the tests' own, of thirty-two characters and more", BCRYPT_COST: "4" };

/** The settings of the developer: where servers are found, on which the tests make places of their own. */
export const configured: Settings = load({ ...readFile(), ...process.env, ...ENVIRONMENT });

/** The defaults, whatever the environment says, but for these. */
export function makeSettings(own: Partial<Settings>): Settings {
  return { ...load(ENVIRONMENT), ...own };
}

export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads there what a fixture is made of.
  .extend("ownDatabase", { scope: "file" }, async ({}, { onCleanup }) => {
    const space = await testDatabase.own(configured);
    onCleanup(() => space.remove());
    if (space.settings.databaseUrl === configured.databaseUrl) {
      throw new Error("The tests empty their database, so it cannot be the configured one.");
    }
    await migrate(makeSettings(space.settings));
    return space;
  })
  .extend("settings", async ({ ownDatabase }) => {
    const settings = makeSettings(ownDatabase.settings);
    await testDatabase.empty(settings);
    return settings;
  })
  .extend("database", async ({ settings }, { onCleanup }): Promise<Database> => {
    const database = connectDatabase(settings, new Metrics());
    onCleanup(() => database.close());
    return database;
  });
