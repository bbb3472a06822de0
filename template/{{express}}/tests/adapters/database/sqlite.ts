/** A database for the tests alone: a file in a folder that goes away afterwards. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withConnection } from "../../../src/adapters/database/sqlite.ts";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";
import { emptyTables } from "./sql/tables.ts";

export { TYPES, withConnection } from "../../../src/adapters/database/sqlite.ts";

/** The settings of a new database that nobody else uses. */
export async function own(_configured: Settings): Promise<Space> {
  const folder = await mkdtemp(join(tmpdir(), "tests-"));
  return {
    settings: { databaseUrl: `sqlite:///${join(folder, "tests.db")}` },
    remove: () => rm(folder, { recursive: true }),
  };
}

export async function empty(settings: Settings): Promise<void> {
  await withConnection(settings, emptyTables);
}
