import { expect } from "vitest";
import type { ColumnTypes } from "../../../../src/adapters/database/sql/migrations/index.ts";
import { downgrade } from "../../../../src/adapters/database/sql/schema.ts";
import type { Connection } from "../../../../src/adapters/database/sql/tables.ts";
import type { Settings } from "../../../../src/settings.ts";
import { isMigrated, migrate } from "../../../../src/wiring.ts";
import { test as base, configured, makeSettings } from "../../../fixtures.ts";
import { database as testDatabase } from "../../../wiring.ts";

const TABLES = {
  activity: ["by", "id", "key", "time", "type", "user_id"],
  dead_letters: ["attempts", "body", "error", "id", "parked_at"],
  inbox: ["data", "id", "key", "source", "subject", "time", "trace", "type"],
  leases: ["name", "owner", "until"],
  outbox: ["data", "id", "position", "source", "subject", "time", "trace", "type"],
  sessions: ["expires_at", "generation", "id", "secret_hash", "user_id"],
  users: [
    "created_at",
    "creation_fingerprint",
    "creation_key",
    "email",
    "generation",
    "id",
    "name",
    "password_hash",
    "role",
    "version",
  ],
};

// The settings of a database without any table.
// biome-ignore lint/correctness/noEmptyPattern: Vitest reads there what a fixture is made of.
const test = base.extend("blank", async ({}, { onCleanup }): Promise<Settings> => {
  const space = await testDatabase.own(configured);
  onCleanup(() => space.remove());
  return makeSettings(space.settings);
});

function tablesOf(settings: Settings): Promise<Record<string, string[]>> {
  return testDatabase.withConnection(settings, async (connection: Connection) => {
    const tables = await connection.introspection.getTables();
    return Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map((column) => column.name).sort()]));
  });
}

test("migrations go from empty to head and back", async ({ blank }) => {
  const types: ColumnTypes = testDatabase.TYPES;
  for (let time = 0; time < 2; time += 1) {
    expect(await isMigrated(blank)).toBe(false);
    expect(await tablesOf(blank)).toEqual({});
    await migrate(blank);
    await migrate(blank); // With nothing left to do.
    expect(await isMigrated(blank)).toBe(true);
    expect(await tablesOf(blank)).toEqual(TABLES);
    await testDatabase.withConnection(blank, (connection) => downgrade(connection, types));
  }
});

test("instances may migrate at the same time", async ({ blank }) => {
  await Promise.all([migrate(blank), migrate(blank)]);

  expect(await tablesOf(blank)).toEqual(TABLES);
});

test("a database that is ahead of this release is good enough", async ({ blank }) => {
  await migrate(blank);
  await testDatabase.withConnection(blank, async (connection) => {
    const applied = connection.withTables<{ kysely_migration: { name: string } }>();
    await applied
      .updateTable("kysely_migration")
      .set({ name: "9-of-a-later-release" })
      .where("name", ">", "0002")
      .execute();
  });

  expect(await isMigrated(blank)).toBe(true);
});

test("a database that lacks a migration is not", async ({ blank }) => {
  await migrate(blank);
  await testDatabase.withConnection(blank, async (connection) => {
    const applied = connection.withTables<{ kysely_migration: { name: string } }>();
    await applied.deleteFrom("kysely_migration").where("name", ">", "0002").execute();
  });

  expect(await isMigrated(blank)).toBe(false);
});

test("a migration that fails is undone as a whole, and told", async ({ blank }) => {
  await testDatabase.withConnection(blank, async (connection) => {
    await connection.schema.createTable("leases").addColumn("in_the_way", "integer").execute();
  });

  await expect(migrate(blank)).rejects.toThrow(/leases.*already exists/);
  expect(Object.keys(await tablesOf(blank))).toEqual(["leases"]);
});
