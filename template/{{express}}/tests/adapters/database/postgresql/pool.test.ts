import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { expect, onTestFinished, vi } from "vitest";
import { connect, withConnection } from "../../../../src/adapters/database/postgresql.ts";
import { Unavailable } from "../../../../src/domain/errors.ts";
import { Metrics } from "../../../../src/platform/metrics.ts";
import type { Database } from "../../../../src/ports.ts";
import { type Settings, SettingsError } from "../../../../src/settings.ts";
import { makeSettings, test } from "../../../fixtures.ts";
import { Gate } from "../../../gate.ts";
import { sample } from "../../../samples.ts";
import { until } from "../../../until.ts";

const OURS = sql`datname = current_database() AND pid <> pg_backend_pid() AND application_name <> ''`;

function opened(settings: Settings, own: Partial<Settings>): { database: Database; metrics: Metrics } {
  const metrics = new Metrics();
  const database = connect({ ...settings, ...own }, metrics);
  onTestFinished(() => database.close());
  return { database, metrics };
}

/** Takes so many connections until the gate is opened. */
function holding(database: Database, count: number, gate: Gate): Promise<unknown>[] {
  return Array.from({ length: count }, () =>
    database.transaction(async (stores) => {
      await stores.users.page(null, 1);
      await gate.passed;
    }),
  );
}

/** The processes of the server that our connections speak to. */
async function backends(settings: Settings): Promise<number[]> {
  return withConnection(settings, async (connection) => {
    const { rows } = await sql<{ pid: number }>`SELECT pid FROM pg_stat_activity WHERE ${OURS}`.execute(connection);
    return rows.map(({ pid }) => pid).sort();
  });
}

async function terminate(settings: Settings): Promise<void> {
  await withConnection(settings, async (connection) => {
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`.execute(connection);
  });
}

test("who finds all connections in use waits and is told; what was opened under load is closed", async ({
  settings,
}) => {
  const tight = { databasePoolSize: 1, databasePoolOverflow: 1, databasePoolTimeoutSeconds: 0.1 };
  const { database, metrics } = opened(settings, tight);
  const connections = (state: string) => sample(metrics, "db_pool_connections", { state });
  const gate = new Gate();
  const held = holding(database, 2, gate);
  await until(async () => (await connections("in_use")) === 2);
  const reading = database.read((stores) => stores.users.page(null, 1));
  await expect(reading).rejects.toThrow(Unavailable);
  await expect(reading).rejects.toThrow("All connections to the database are in use.");
  gate.open();
  await Promise.all(held);

  expect(await database.read((stores) => stores.users.page(null, 1))).toEqual([]);
  expect([await connections("in_use"), await connections("idle")]).toEqual([0, 1]);
});

test("a connection that has grown old is replaced", async ({ settings }) => {
  const { database } = opened(settings, { databasePoolRecycleSeconds: 1 });
  await database.ping();
  const before = await backends(settings);
  await database.ping();
  expect(await backends(settings)).toEqual(before);
  await setTimeout(1_200);
  await database.ping();

  expect(await backends(settings)).not.toEqual(before);
});

test("a connection that was idle is tried before it is used", async ({ settings }) => {
  const { database } = opened(settings, {});
  await database.ping();
  const before = await backends(settings);
  await setTimeout(1_200);
  const query = vi.spyOn(pg.Client.prototype, "query");
  query.mockImplementationOnce(() => Promise.reject(new Error("the other side has forgotten it")));
  await database.ping();

  expect(query.mock.calls.map(([statement]) => String(statement))).toEqual(["SELECT 1", "SELECT 1"]);
  expect(await backends(settings)).not.toEqual(before);
});

test("connections that the server has ended are not used", async ({ settings }) => {
  const { database } = opened(settings, {});
  await Promise.all(Array.from({ length: 5 }, () => database.ping()));
  await terminate(settings);
  await until(async () => (await backends(settings)).length === 0);

  await Promise.all(Array.from({ length: 5 }, () => database.ping()));
});

test("what is under way when the server goes away is unavailable", async ({ settings }) => {
  const { database, metrics } = opened(settings, {});
  const gate = new Gate();
  const broken = database.transaction(async (stores) => {
    await stores.users.page(null, 1);
    await gate.passed;
    await stores.users.page(null, 1);
  });
  await until(async () => (await backends(settings)).length > 0);
  await terminate(settings);
  gate.open();

  await expect(broken).rejects.toThrow("The database does not answer.");
  await database.ping();
  expect(await sample(metrics, "db_pool_connections", { state: "in_use" })).toBe(0);
});

test("a server that is not there is unavailable", async () => {
  const { database, metrics } = opened(
    makeSettings({ databaseUrl: "postgresql://ann:secret-word@127.0.0.1:1/app" }),
    {},
  );

  await expect(database.ping()).rejects.toThrow(Unavailable);
  expect(await sample(metrics, "db_pool_connections", { state: "in_use" })).toBe(0);
});

test("what is wrong with an address is told", async ({ settings }) => {
  const url = new URL(settings.databaseUrl);
  url.pathname = "/missing";
  const { database } = opened(settings, { databaseUrl: url.href });

  await expect(database.ping()).rejects.toThrow(Unavailable);
  await expect(database.ping()).rejects.toMatchObject({ cause: { message: 'database "missing" does not exist' } });
});

test("a statement that is wrong is a bug, and no failure of the server", async ({ settings }) => {
  await withConnection(settings, async (connection) => {
    await expect(sql`SELECT nonsense`.execute(connection)).rejects.toThrow('column "nonsense" does not exist');
  });
});

test("an address that cannot be read is named, and not shown", () => {
  const settings = makeSettings({ databaseUrl: "postgresql://ann:secret-word@127.0.0.1:secret-word/app" });

  expect(() => connect(settings, new Metrics())).toThrow(SettingsError);
  expect(() => connect(settings, new Metrics())).toThrow(/^DATABASE_URL: cannot be read$/);
});

test("an option that nothing knows is named", () => {
  const settings = makeSettings({ databaseUrl: "postgresql://127.0.0.1/app?sslmode=disable&colour=blue" });

  expect(() => connect(settings, new Metrics())).toThrow(/^DATABASE_URL: there is no option "colour"$/);
});
