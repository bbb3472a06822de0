import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, vi } from "vitest";
import { Publisher } from "../../src/adapters/broker/common.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { Unavailable } from "../../src/domain/errors.ts";
import type { Event } from "../../src/domain/events.ts";
import * as cloudevents from "../../src/platform/cloudevents.ts";
import { Consumer } from "../../src/platform/consumer.ts";
import { Metrics } from "../../src/platform/metrics.ts";
import { LEASE, LEASE_MILLISECONDS, Relay, type RelayOptions } from "../../src/platform/relay.ts";
import type { Clock, Database, EventBus } from "../../src/ports.ts";
import { logActivity } from "../../src/usecases/activity.ts";
import { MovableClock } from "../clock.ts";
import { later, newEvent, pending } from "../events.ts";
import { test } from "../fixtures.ts";
import { Gate } from "../gate.ts";
import { sample } from "../samples.ts";
import { until } from "../until.ts";

/** Keeps what is published, and can fail or be held up. */
class RecordingBus extends Publisher implements EventBus {
  readonly published: Event[] = [];
  calls = 0;
  gate: Gate | undefined;
  failure: Error | undefined;
  /** Goes on to fail when it has published. */
  isKilled = false;

  constructor() {
    super(systemClock);
  }

  async publish(events: readonly Event[]): Promise<void> {
    this.calls += 1;
    await this.gate?.passed;
    if (this.failure) throw this.failure;
    this.published.push(...events);
    if (this.isKilled) throw new Error("killed");
  }

  async consume(): Promise<void> {}

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}

interface RelayParts extends RelayOptions {
  readonly clock?: Clock;
  readonly metrics?: Metrics;
}

/** Runs a relay, and gives what stops it. */
function start(
  database: Database,
  bus: EventBus,
  { clock = systemClock, metrics = new Metrics(), pollMilliseconds = 20, ...options }: RelayParts = {},
): () => Promise<void> {
  const stopping = new AbortController();
  const relay = new Relay(database, bus, clock, metrics, { pollMilliseconds, ...options });
  const running = relay.run(stopping.signal);
  running.catch(() => undefined);
  async function stop(): Promise<void> {
    stopping.abort();
    await running;
  }
  onTestFinished(() => stop().catch(() => undefined));
  return stop;
}

async function add(database: Database, ...events: readonly Event[]): Promise<void> {
  for (const event of events) await database.transaction((stores) => stores.outbox.add(event));
}

function events(count: number, subject = "ann"): Event[] {
  return Array.from({ length: count }, (_, number) => ({ ...newEvent(subject), time: later(number) }));
}

test("events are published in order, and removed", async ({ database }) => {
  const [bus, metrics] = [new RecordingBus(), new Metrics()];
  const [first, ...others] = events(6) as [Event, ...Event[]];
  await add(database, first, ...others.slice(0, 4));
  const stop = start(database, bus, { metrics });
  await until(() => bus.published.length >= 5);
  await add(database, ...others.slice(4));
  await until(() => bus.published.length >= 6);
  await stop();

  expect(bus.published).toEqual([first, ...others]);
  expect(await pending(database)).toEqual([]);
  expect(await sample(metrics, "events_published_total", { type: first.type })).toBe(6);
  expect(await sample(metrics, "outbox_events")).toBeTypeOf("number");
});

test("it publishes batch after batch", async ({ database }) => {
  const bus = new RecordingBus();
  const sent = events(10);
  await add(database, ...sent);
  start(database, bus, { batch: 3, pollMilliseconds: 60_000 });
  await until(() => bus.published.length >= 10);

  expect(bus.published).toEqual(sent);
  expect(bus.calls).toBe(4);
});

test("it hears of a new event at once", async ({ database }) => {
  const bus = new RecordingBus();
  start(database, bus, { pollMilliseconds: 60_000 });
  await setTimeout(100);
  await add(database, newEvent());
  await until(() => bus.published.length > 0);
});

test("of two relays, one publishes", async ({ database }) => {
  const buses = [new RecordingBus(), new RecordingBus()];
  const sent = events(40);
  for (const bus of buses) start(database, bus);
  await add(database, ...sent);
  await until(() => buses.flatMap((bus) => bus.published).length >= 40);
  await setTimeout(50);

  expect(buses.map((bus) => bus.published).filter((published) => published.length > 0)).toEqual([sent]);
});

test("nothing is removed while the bus fails", async ({ database }) => {
  const [bus, metrics] = [new RecordingBus(), new Metrics()];
  const sent = events(3);
  bus.failure = new Unavailable("The broker does not answer.");
  await add(database, ...sent);
  start(database, bus, { metrics });
  await until(() => bus.calls >= 2);
  expect(await pending(database)).toEqual(sent);
  expect(await sample(metrics, "outbox_events")).toBe(3);
  expect(await sample(metrics, "events_published_total")).toBeUndefined();
  bus.failure = undefined;
  await until(async () => (await sample(metrics, "outbox_events")) === 0);

  expect(bus.published).toEqual(sent);
});

test("an end between publishing and removing makes a duplicate without a second effect", async ({ database }) => {
  const bus = new RecordingBus();
  const event = newEvent("ann");
  bus.isKilled = true;
  await add(database, event);
  await expect(start(database, bus)()).rejects.toThrow("killed");
  expect(await pending(database)).toEqual([event]);
  bus.isKilled = false;
  const stop = start(database, bus);
  await until(() => bus.published.length >= 2);
  await stop();

  expect(bus.published).toEqual([event, event]);
  const metrics = new Metrics();
  const handlers = new Map([[event.type, logActivity]]);
  const consumer = new Consumer(database, handlers, systemClock, metrics, { attempts: 1 });
  for (const each of bus.published) await consumer.handle(cloudevents.encode(each));
  const entries = await database.read((stores) => stores.activity.page(null, null, 10));
  expect(entries.map(({ id }) => id)).toEqual([event.id]);
  expect(await sample(metrics, "events_consumed_total", { type: event.type, result: "duplicate" })).toBe(1);
});

test("another one takes over when the lease has run out", async ({ database }) => {
  const [bus, clock] = [new RecordingBus(), new MovableClock()];
  const [now, end] = [clock.now(), new Date(clock.now().getTime() + LEASE_MILLISECONDS)];
  await database.transaction((stores) => stores.leases.take(LEASE, "who was killed", now, end));
  await add(database, newEvent());
  start(database, bus, { clock });
  await setTimeout(100);
  expect(bus.published).toEqual([]);
  clock.move(LEASE_MILLISECONDS);
  await until(() => bus.published.length > 0);
});

test("who stops lets others go on at once", async ({ database }) => {
  const [bus, clock] = [new RecordingBus(), new MovableClock()];
  await add(database, newEvent());
  const stop = start(database, bus, { clock });
  await until(() => bus.published.length > 0);
  await stop();

  const now = clock.now();
  expect(await database.transaction((stores) => stores.leases.take(LEASE, "another", now, now))).toBe(true);
});

test("who stops finishes what has begun", async ({ database }) => {
  const bus = new RecordingBus();
  bus.gate = new Gate();
  const event = newEvent();
  await add(database, event);
  const stop = start(database, bus);
  await until(() => bus.calls > 0);
  const stopping = stop();
  await setTimeout(50);
  bus.gate.open();
  await stopping;

  expect(bus.published).toEqual([event]);
  expect(await pending(database)).toEqual([]);
});

test("who cannot give the lease back stops all the same", async ({ database }) => {
  const stop = start(database, new RecordingBus());
  await setTimeout(50);
  vi.spyOn(database, "transaction").mockRejectedValue(new Unavailable("The database does not answer."));

  await stop();
});

test("what is no fault of the database breaks it", async ({ database }) => {
  vi.spyOn(database, "transaction").mockRejectedValue(new TypeError("a bug"));

  await expect(start(database, new RecordingBus())()).rejects.toThrow("a bug");
});
