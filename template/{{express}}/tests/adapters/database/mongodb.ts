/** A database for the tests alone: one with a random name, on the server of `DATABASE_URL`. */

import { randomBytes } from "node:crypto";
import type { Db } from "mongodb";
import { createClient, databaseOf } from "../../../src/adapters/database/mongodb.ts";
import { Metrics } from "../../../src/platform/metrics.ts";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

/** The settings of a new database that nobody else uses. */
export async function own(configured: Settings): Promise<Space> {
  const url = new URL(configured.databaseUrl);
  url.pathname = `/tests_${randomBytes(6).toString("hex")}`;
  const settings = { databaseUrl: url.href };
  return {
    settings,
    remove: () =>
      withDatabase({ ...configured, ...settings }, async (database) => void (await database.dropDatabase())),
  };
}

export async function empty(settings: Settings): Promise<void> {
  await withDatabase(settings, async (database) => {
    for (const collection of await database.collections()) await collection.deleteMany({});
  });
}

/** The database of the settings, with a client of its own. */
export async function withDatabase<Result>(
  settings: Settings,
  work: (database: Db) => Promise<Result>,
): Promise<Result> {
  const client = createClient(settings, new Metrics());
  try {
    return await work(databaseOf(client, settings));
  } finally {
    await client.close();
  }
}
