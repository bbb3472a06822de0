/** A database for the tests alone: one with a random name, on the server of `DATABASE_URL`. */

import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { withConnection } from "../../../src/adapters/database/postgresql.ts";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";
import { emptyTables } from "./sql/tables.ts";

export { TYPES, withConnection } from "../../../src/adapters/database/postgresql.ts";

/** The settings of a new database that nobody else uses. */
export async function own(configured: Settings): Promise<Space> {
  const name = `tests_${randomBytes(6).toString("hex")}`;
  const database = sql.id(name);
  await run(configured, sql`CREATE DATABASE ${database}`);
  return {
    settings: { databaseUrl: urlOf(configured, name) },
    remove: () => run(configured, sql`DROP DATABASE ${database} WITH (FORCE)`),
  };
}

export async function empty(settings: Settings): Promise<void> {
  await withConnection(settings, emptyTables);
}

/** By the database that every server has, whether or not the configured one has been made. */
async function run(configured: Settings, statement: ReturnType<typeof sql>): Promise<void> {
  const server = { ...configured, databaseUrl: urlOf(configured, "postgres") };
  await withConnection(server, async (connection) => void (await statement.execute(connection)));
}

function urlOf({ databaseUrl }: Settings, database: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}
