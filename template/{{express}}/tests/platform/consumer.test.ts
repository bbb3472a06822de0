import { setTimeout } from "node:timers/promises";
import { describe, expect, vi } from "vitest";
import { Unavailable } from "../../src/domain/errors.ts";
import { type Event, InvalidEvent } from "../../src/domain/events.ts";
import * as cloudevents from "../../src/platform/cloudevents.ts";
import { AT_A_TIME, Consumer } from "../../src/platform/consumer.ts";
import { Metrics } from "../../src/platform/metrics.ts";
import * as traceContext from "../../src/platform/trace-context.ts";
import type { Database } from "../../src/ports.ts";
import { MovableClock } from "../clock.ts";
import { later, newEvent, TRACE } from "../events.ts";
import { test as base } from "../fixtures.ts";
import { Gate } from "../gate.ts";
import { sample } from "../samples.ts";
import { until } from "../until.ts";

const KIND = "a.kind";
const ATTEMPTS = 3;
const QUICK = { attempts: ATTEMPTS, firstDelayMilliseconds: 1, longestDelayMilliseconds: 10 };

/** A handler whose luck can be set. */
class Handler {
  readonly handled: string[] = [];
  readonly traces: (string | null)[] = [];
  readonly times: number[] = [];
  readonly gates = new Map<string, Gate>();
  errors: Error[] = [];

  readonly handle = async (event: Event): Promise<void> => {
    this.traces.push(traceContext.current());
    this.times.push(performance.now());
    await this.gates.get(event.id)?.passed;
    const error = this.errors.shift();
    if (error) throw error;
    this.handled.push(event.id);
  };
}

const test = base
  .extend("handler", () => new Handler())
  .extend("metrics", () => new Metrics())
  .extend("consumer", ({ database, handler, metrics }) => {
    return new Consumer(database, new Map([[KIND, handler.handle]]), new MovableClock(later(2_000)), metrics, QUICK);
  });

function bodyOf(id: string, subject = "ann", type = KIND): Buffer {
  return cloudevents.encode({ ...newEvent(subject, type), id, trace: TRACE });
}

function parked(database: Database) {
  return database.read((stores) => stores.deadLetters.list(10));
}

function unlucky(times: number): Error[] {
  return Array.from({ length: times }, () => new Error("no luck"));
}

/** The database is down for so many calls. */
function failAtFirst(database: Database, times: number): void {
  for (const method of ["handleOnce", "transaction"] as const) {
    const spy = vi.spyOn(database, method);
    for (let time = 0; time < times; time += 1) spy.mockRejectedValueOnce(new Unavailable("The database is down."));
  }
}

describe("an event", () => {
  test("is handled, and its duplicate is not", async ({ consumer, handler, metrics }) => {
    for (const id of ["1", "2", "1"]) await consumer.handle(bodyOf(id));

    expect(handler.handled).toEqual(["1", "2"]);
    expect(await sample(metrics, "events_consumed_total", { type: KIND, result: "handled" })).toBe(2);
    expect(await sample(metrics, "events_consumed_total", { type: KIND, result: "duplicate" })).toBe(1);
    expect(await sample(metrics, "event_lag_seconds_count")).toBe(3);
    expect(await sample(metrics, "event_lag_seconds_sum")).toBe(6);
  });

  test("is handled in the trace context of what caused it", async ({ consumer, handler }) => {
    await consumer.handle(bodyOf("1"));

    expect(traceContext.current()).toBeNull();
    expect(handler.traces).toEqual([TRACE]);
  });

  test("of a type without a handler is ignored", async ({ consumer, handler, database, metrics }) => {
    await consumer.handle(bodyOf("1", "ann", "another.kind"));

    expect(handler.handled).toEqual([]);
    expect(await parked(database)).toEqual([]);
    expect(await sample(metrics, "events_consumed_total", { type: "unknown", result: "ignored" })).toBe(1);
  });
});

describe("a handler that fails", () => {
  test("is tried again", async ({ consumer, handler, database, metrics }) => {
    handler.errors = unlucky(ATTEMPTS - 1);
    await consumer.handle(bodyOf("1"));

    expect(handler.handled).toEqual(["1"]);
    expect(await parked(database)).toEqual([]);
    expect(await sample(metrics, "events_consumed_total", { type: KIND, result: "handled" })).toBe(1);
  });

  test("too often has its message parked", async ({ consumer, handler, database, metrics }) => {
    handler.errors = Array.from({ length: ATTEMPTS }, () => new RangeError("no \0 luck \ud800"));
    await consumer.handle(bodyOf("1"));
    await consumer.handle(bodyOf("2"));

    const [letter, ...others] = await parked(database);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ attempts: ATTEMPTS, parkedAt: later(2_000) });
    expect(letter?.error).toBe("RangeError: no \\0 luck \ufffd");
    expect(cloudevents.decode(letter?.body ?? Buffer.of()).id).toBe("1");
    expect(handler.handled).toEqual(["2"]);
    expect(await sample(metrics, "events_consumed_total", { type: "unknown", result: "parked" })).toBe(1);
  });

  test("may throw what is no error at all", async ({ database, metrics }) => {
    const handlers = new Map([[KIND, () => Promise.reject("no luck")]]);
    await new Consumer(database, handlers, new MovableClock(), metrics, QUICK).handle(bodyOf("1"));

    expect(await parked(database)).toMatchObject([{ error: "Thrown: no luck" }]);
  });

  test("is waited for longer from attempt to attempt", async ({ database, handler, metrics }) => {
    const slow = { attempts: ATTEMPTS, firstDelayMilliseconds: 40, longestDelayMilliseconds: 1_000 };
    const consumer = new Consumer(database, new Map([[KIND, handler.handle]]), new MovableClock(), metrics, slow);
    handler.errors = unlucky(ATTEMPTS);
    await consumer.handle(bodyOf("1"));

    const [first, second, third] = handler.times as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(19);
    expect(third - second).toBeGreaterThanOrEqual(39);
  });

  test("is not waited for any more by who stops", async ({ database, handler, metrics }) => {
    const slow = { attempts: ATTEMPTS, firstDelayMilliseconds: 60_000, longestDelayMilliseconds: 60_000 };
    const consumer = new Consumer(database, new Map([[KIND, handler.handle]]), new MovableClock(), metrics, slow);
    handler.errors = unlucky(1);

    await expect(consumer.handle(bodyOf("1"), AbortSignal.timeout(20))).rejects.toThrow("aborted");
    expect(handler.handled).toEqual([]);
    expect(await parked(database)).toEqual([]);
  });

  test("keeps its turn", async ({ consumer, handler }) => {
    handler.errors = unlucky(ATTEMPTS - 1);
    await Promise.all([consumer.handle(bodyOf("1")), consumer.handle(bodyOf("2"))]);

    expect(handler.handled).toEqual(["1", "2"]);
  });
});

describe("what cannot be handled", () => {
  test("is parked at once if it is no event", async ({ consumer, database }) => {
    const body = Buffer.concat([Buffer.from("\0 garbage "), Buffer.of(0xff)]);
    await consumer.handle(body);

    const [letter] = await parked(database);
    expect(Buffer.from(letter?.body ?? [])).toEqual(body);
    expect(letter?.attempts).toBe(1);
    expect(letter?.error).toMatch(/^InvalidEvent: not a CloudEvent/);
  });

  test("is parked at once if its data break their promise", async ({ consumer, handler, database }) => {
    handler.errors = [new InvalidEvent("data.user_id: is missing"), new Error("not tried again")];
    await consumer.handle(bodyOf("1"));

    const letters = await parked(database);
    expect(letters.map(({ attempts, error }) => [attempts, error])).toEqual([
      [1, "InvalidEvent: data.user_id: is missing"],
    ]);
  });
});

describe("a database that is down", () => {
  test("is no fault of an event", async ({ consumer, database, handler }) => {
    handler.errors = unlucky(ATTEMPTS - 1);
    failAtFirst(database, 2 * ATTEMPTS);
    await consumer.handle(bodyOf("1"));

    expect(handler.handled).toEqual(["1"]);
    expect(await parked(database)).toEqual([]);
  });

  test("does not keep garbage from being parked later", async ({ consumer, database, handler }) => {
    failAtFirst(database, 2 * ATTEMPTS);
    await consumer.handle(Buffer.from("garbage"));

    expect(handler.handled).toEqual([]);
    expect(await parked(database)).toHaveLength(1);
  });

  test("is not waited for any more by who stops", async ({ consumer, database }) => {
    vi.spyOn(database, "handleOnce").mockRejectedValue(new Unavailable("The database is down."));

    await expect(consumer.handle(bodyOf("1"), AbortSignal.timeout(30))).rejects.toThrow("aborted");
  });
});

describe("events at the same time", () => {
  test("take turns if they are of one subject", async ({ consumer, handler }) => {
    const gate = new Gate();
    handler.gates.set("1", gate);
    const handling = ["1", "2", "3"].map((id) => consumer.handle(bodyOf(id)));
    await setTimeout(30);
    expect(handler.handled).toEqual([]);
    gate.open();
    await Promise.all(handling);

    expect(handler.handled).toEqual(["1", "2", "3"]);
  });

  test("do not wait for each other if they are not, up to a limit", async ({ consumer, database, handler }) => {
    // Without a transaction, since some databases have one writer at a time.
    vi.spyOn(database, "handleOnce").mockImplementation(async (event, handle) => {
      await database.read((stores) => handle(event, stores));
      return true;
    });
    const gate = new Gate();
    const ids = Array.from({ length: AT_A_TIME + 1 }, (_, number) => String(number));
    for (const id of ids) handler.gates.set(id, gate);
    const handling = ids.map((id) => consumer.handle(bodyOf(id, `user ${id}`)));
    await until(() => handler.traces.length >= AT_A_TIME);
    await setTimeout(30);
    expect(handler.traces).toHaveLength(AT_A_TIME);
    gate.open();
    await Promise.all(handling);

    expect(handler.handled.sort()).toEqual(ids);
  });
});
