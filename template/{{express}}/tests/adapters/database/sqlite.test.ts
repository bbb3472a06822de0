import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import Sqlite from "libsql";
import { expect, onTestFinished, vi } from "vitest";
import { Unavailable } from "../../../src/domain/errors.ts";
import { log } from "../../../src/platform/logs.ts";
import { Metrics } from "../../../src/platform/metrics.ts";
import { type Settings, SettingsError } from "../../../src/settings.ts";
import { isMigrated, migrate } from "../../../src/wiring.ts";
import { newEvent, pending } from "../../events.ts";
import { configured, makeSettings, test } from "../../fixtures.ts";
import { sample } from "../../samples.ts";
import { connectDatabase, database as testDatabase } from "../../wiring.ts";

/** Another process that writes; gives what ends it. */
function otherWriter({ databaseUrl }: Settings): () => void {
  const other = new Sqlite(databaseUrl.replace("sqlite:///", ""));
  other.exec("BEGIN IMMEDIATE");
  onTestFinished(() => {
    other.close();
  });
  return () => other.exec("ROLLBACK");
}

test("a writer waits for its turn, without stopping anybody else, and its statement tells how long", async ({
  settings,
}) => {
  const warn = vi.spyOn(log, "warn");
  const database = connectDatabase({ ...settings, slowQueryMilliseconds: 50 }, new Metrics());
  onTestFinished(() => database.close());
  const end = otherWriter(settings);
  const writing = database.transaction((stores) => stores.outbox.add(newEvent()));
  const started = performance.now();
  expect(await pending(database)).toEqual([]); // Readers do not wait.
  expect(performance.now() - started).toBeLessThan(50);
  await setTimeout(100);
  end();
  await writing;

  expect(await pending(database)).toHaveLength(1);
  expect(warn.mock.calls).toMatchObject([
    [{ statement: expect.stringMatching(/^insert into "outbox"/) }, "slow query"],
  ]);
});

test("writers within the process wait for each other, but not for ever", async ({ settings }) => {
  const metrics = new Metrics();
  const database = connectDatabase({ ...settings, databasePoolTimeoutSeconds: 0.05 }, metrics);
  onTestFinished(() => database.close());
  const connections = (state: string) => sample(metrics, "db_pool_connections", { state });
  await database.transaction(async () => {
    expect([await connections("in_use"), await connections("idle")]).toEqual([1, 1]);
    await expect(database.transaction((stores) => stores.outbox.add(newEvent()))).rejects.toThrow(
      "All connections to the database are in use.",
    );
  });

  expect([await connections("in_use"), await connections("idle")]).toEqual([0, 2]);
});

test("what a unit of work reads is its own", async ({ database }) => {
  await database.transaction(async (stores) => {
    await stores.outbox.add(newEvent());
    expect(await stores.outbox.pending(10)).toHaveLength(1);
    expect(await pending(database)).toEqual([]);
  });

  expect(await pending(database)).toHaveLength(1);
});

test("many statements of different text can be carried out", async ({ settings }) => {
  await testDatabase.withConnection(settings, async (connection) => {
    for (let number = 0; number < 250; number += 1) {
      const { rows } = await sql<{ number: number }>`SELECT ${number} + ${sql.lit(number)} AS number`.execute(
        connection,
      );
      expect(rows).toEqual([{ number: number * 2 }]);
    }
  });
});

test("rows cannot be streamed", async ({ settings }) => {
  await testDatabase.withConnection(settings, async (connection) => {
    const rows = connection.selectFrom("users").selectAll().stream();
    await expect(rows.next()).rejects.toThrow("page by page");
  });
});

test.for(["sqlite:////dev/null/service.db", "sqlite:////proc/service.db"])(
  "a file that cannot be opened is no database: %s",
  async (databaseUrl) => {
    await expect(migrate(makeSettings({ databaseUrl }))).rejects.toThrow(Unavailable);
  },
);

test("a file of something else is no database", async () => {
  const space = await testDatabase.own(configured);
  onTestFinished(() => space.remove());
  const settings = makeSettings(space.settings);
  await writeFile(
    settings.databaseUrl.replace("sqlite:///", ""),
    "something else, and quite a lot of it\n".repeat(100),
  );

  await expect(isMigrated(settings)).rejects.toThrow("The database does not answer.");
});

test.for(["sqlite://", "sqlite:///", "sqlite:///:memory:"])("a database needs a file: %s", async (databaseUrl) => {
  expect(() => connectDatabase(makeSettings({ databaseUrl }), new Metrics())).toThrow(SettingsError);
});
