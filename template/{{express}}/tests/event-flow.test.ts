/** From a request through the outbox, the broker that was chosen and the inbox to the activity log. */

import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { SESSION_STARTED, USER_CREATED } from "../src/domain/events.ts";
import type { User } from "../src/domain/users.ts";
import { Metrics } from "../src/platform/metrics.ts";
import { startWorkers } from "../src/platform/workers.ts";
import type { Database } from "../src/ports.ts";
import type { Settings } from "../src/settings.ts";
import { build, type Service } from "../src/wiring.ts";
import { configured } from "./fixtures.ts";
import { PASSWORD } from "./people.ts";
import { sample } from "./samples.ts";
import { test as base } from "./service.ts";
import { until } from "./until.ts";
import { broker as testBroker } from "./wiring.ts";

/** With a bus that nobody has used yet. */
const test = base.extend("settings", async ({ settings }, { onCleanup }): Promise<Settings> => {
  const space = await testBroker.own(configured);
  onCleanup(() => space.remove());
  return { ...settings, ...space.settings };
});

/** Does some work with an instance that runs in the meantime. */
async function running<Result>(settings: Settings, work: (service: Service) => Promise<Result>): Promise<Result> {
  const service = build(settings, new Metrics());
  const workers = startWorkers(service.workers);
  try {
    return await work(service);
  } finally {
    await workers.stop();
    await service.close();
  }
}

function create({ users }: Service, name: string): Promise<User> {
  return users.add({ email: `${name}@example.org`, name, password: PASSWORD, role: "user" });
}

async function signIn({ sessions }: Service, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await sessions.signIn("ann@example.org", PASSWORD);
}

/** The log, when there are so many entries. */
async function activity(database: Database, count: number) {
  const read = () => database.read((stores) => stores.activity.page(null, null, 1_000));
  await until(async () => (await read()).length >= count, `there are ${count} entries`);
  return read();
}

test("what happened before the first start is not lost", async ({ settings, database }) => {
  const service = build(settings, new Metrics());
  const ann = await create(service, "ann");
  await service.close();

  await running(settings, async ({ activity: log }) => {
    const entries = await activity(database, 1);
    expect(entries).toMatchObject([{ type: USER_CREATED, userId: ann.id, by: null }]);
    expect((await log.page(ann, ann.id, undefined, 10)).items).toEqual(entries);
  });
});

test("an instance goes on where another has stopped", async ({ settings, database }) => {
  for (const name of ["ann", "bob"]) {
    await running(settings, async (service) => {
      await create(service, name);
      await service.sessions.signIn(`${name}@example.org`, PASSWORD);
    });
  }
  const entries = await running(settings, () => activity(database, 4));

  const types = entries.map(({ type }) => type);
  expect(types.sort()).toEqual([SESSION_STARTED, SESSION_STARTED, USER_CREATED, USER_CREATED]);
});

test("of two instances, one handles each event", async ({ settings, database }) => {
  await running(settings, (one) =>
    running(settings, async (other) => {
      await create(one, "ann");
      await Promise.all([signIn(one, 10), signIn(other, 10)]);
      const entries = await activity(database, 21);
      expect(new Set(entries.map(({ key }) => key)).size).toBe(21);

      const handled = async () => {
        const labels = { type: SESSION_STARTED, result: "handled" };
        const counts = [one, other].map(({ metrics }) => sample(metrics, "events_consumed_total", labels));
        return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
      };
      await until(async () => (await handled()) >= 20, "all are counted");
      expect(await handled()).toBe(20);
    }),
  );
});

test("metrics tell of events", async ({ settings, database }) => {
  await running(settings, async (service) => {
    const { metrics } = service;
    await create(service, "ann");
    await signIn(service, 1);
    await activity(database, 2);
    await until(async () => (await sample(metrics, "event_lag_seconds_count")) === 2, "both are counted");
    await until(async () => (await sample(metrics, "outbox_events")) === 0, "the outbox is empty");
    await setTimeout(50);

    for (const type of [USER_CREATED, SESSION_STARTED]) {
      expect(await sample(metrics, "events_published_total", { type })).toBe(1);
      expect(await sample(metrics, "events_consumed_total", { type, result: "handled" })).toBe(1);
    }
    expect(await sample(metrics, "event_lag_seconds_sum")).toBeGreaterThan(0);
    expect(await metrics.render()).toContain("outbox_events 0");
  });
});
