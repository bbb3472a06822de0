/** What only PostgreSQL has: whoever stores an event, the relay of every instance hears of it. */

import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import { expect } from "vitest";
import { withConnection } from "../../../src/adapters/database/postgresql.ts";
import { Metrics } from "../../../src/platform/metrics.ts";
import { endedWithin } from "../../../src/platform/pause.ts";
import type { Settings } from "../../../src/settings.ts";
import { newEvent } from "../../events.ts";
import { test as base } from "../../fixtures.ts";
import { until } from "../../until.ts";
import { connectDatabase } from "../../wiring.ts";

const A_MINUTE = 60_000;

/** A database that listens already. */
const test = base.extend("listening", async ({ database }) => {
  await database.waitForEvents(A_MINUTE);
  return database;
});

/** By another instance. */
async function addEvent(settings: Settings): Promise<void> {
  const other = connectDatabase(settings, new Metrics());
  await other.transaction((stores) => stores.outbox.add(newEvent()));
  await other.close();
}

/** The server's processes that listen. */
async function listeners(settings: Settings, what = sql`pid`): Promise<unknown[]> {
  const query = sql<{ found: unknown }>`
    SELECT ${what} AS found FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
  `;
  const { rows } = await withConnection(settings, (connection) => query.execute(connection));
  return rows.map(({ found }) => found);
}

test("it hears of events that another instance stores", async ({ listening, settings }) => {
  for (let times = 0; times < 2; times += 1) {
    let isHeard = false;
    const waiting = listening.waitForEvents(A_MINUTE).then(() => {
      isHeard = true;
    });
    await setTimeout(50);
    expect(isHeard).toBe(false);
    await addEvent(settings);
    await waiting;
  }
});

test("it hears of nothing else", async ({ listening, settings }) => {
  const stopping = new AbortController();
  let isHeard = false;
  const waiting = listening.waitForEvents(A_MINUTE, stopping.signal).then(() => {
    isHeard = true;
  });
  const other = connectDatabase(settings, new Metrics());
  await other.handleOnce(newEvent(), async () => {});
  await other.close();
  await endedWithin(100, waiting);

  expect(isHeard).toBe(false);
  stopping.abort();
  await waiting;
});

test("it listens anew when its connection is lost", async ({ listening, settings }) => {
  const [before] = await listeners(settings);
  await listeners(settings, sql`pg_terminate_backend(pid)`);
  await listening.waitForEvents(A_MINUTE); // For what came in the meantime.

  await until(async () => (await listeners(settings)).length === 1, "somebody listens");
  expect(await listeners(settings)).not.toEqual([before]);
  const waiting = listening.waitForEvents(A_MINUTE);
  await addEvent(settings);
  await waiting;
});
