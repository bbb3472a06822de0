/** Brings a database to the newest migration, by Kysely. */

import { type Kysely, type Migration, Migrator, NO_MIGRATIONS } from "kysely";
import { type ColumnTypes, migrations } from "./migrations/index.ts";
import type { Tables } from "./tables.ts";

const APPLIED = "kysely_migration";

/** Applies what has not been applied yet, in one transaction. */
export async function upgrade(database: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  const { error } = await migratorOf(database, types).migrateToLatest();
  if (error) throw error;
}

/** Takes all migrations back. */
export async function downgrade(database: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  const { error } = await migratorOf(database, types).migrateTo(NO_MIGRATIONS);
  if (error) throw error;
}

/** Whether every migration has been applied. One that this release does not know yet does no harm. */
export async function isCurrent(database: Kysely<Tables>, types: ColumnTypes): Promise<boolean> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === APPLIED)) return false;
  const rows = await database
    .withTables<{ [APPLIED]: { name: string } }>()
    .selectFrom(APPLIED)
    .select("name")
    .execute();
  const applied = new Set(rows.map(({ name }) => name));
  const known = Object.keys(migrations(types));
  return known.every((name) => applied.has(name)) || applied.size > known.filter((name) => applied.has(name)).length;
}

function migratorOf(database: Kysely<Tables>, types: ColumnTypes): Migrator {
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => migrations(types) };
  return new Migrator({ db: database, provider });
}
