import { expect } from "vitest";
import { systemClock } from "../../src/adapters/clock.ts";
import { NotFound } from "../../src/domain/errors.ts";
import { type DeadLetter, SESSION_STARTED } from "../../src/domain/events.ts";
import * as cloudevents from "../../src/platform/cloudevents.ts";
import { Consumer } from "../../src/platform/consumer.ts";
import { Metrics } from "../../src/platform/metrics.ts";
import type { Database } from "../../src/ports.ts";
import { logActivity } from "../../src/usecases/activity.ts";
import { DeadLetterBox } from "../../src/usecases/dead-letters.ts";
import { NOON, newEvent } from "../events.ts";
import { test as base } from "../fixtures.ts";

const GARBAGE = Buffer.from("garbage");

const test = base.extend("box", ({ database }) => {
  const handlers = new Map([[SESSION_STARTED, logActivity]]);
  return new DeadLetterBox(database, new Consumer(database, handlers, systemClock, new Metrics(), { attempts: 1 }));
});

async function park(database: Database, id: string, body: Buffer): Promise<DeadLetter> {
  const letter = { id, body, error: "Error: no luck", attempts: 5, parkedAt: NOON };
  await database.transaction((stores) => stores.deadLetters.add(letter));
  return letter;
}

test("what can be handled now is gone, and what cannot is parked anew", async ({ box, database }) => {
  const event = newEvent();
  await park(database, "good", cloudevents.encode(event));
  await park(database, "bad", GARBAGE);

  expect(await box.replay(null)).toBe(2);

  const [left, ...others] = await box.list(10);
  expect(others).toEqual([]);
  expect(Buffer.from(left?.body ?? [])).toEqual(GARBAGE);
  expect(left?.error).toMatch(/^InvalidEvent: /);
  expect(left?.id).not.toBe("bad");
  const entries = await database.read((stores) => stores.activity.page(null, null, 10));
  expect(entries.map(({ id }) => id)).toEqual([event.id]);
});

test("some can be replayed", async ({ box, database }) => {
  await park(database, "one", cloudevents.encode(newEvent()));
  await park(database, "other", GARBAGE);

  expect(await box.replay(["one"])).toBe(1);
  expect((await box.list(10)).map(({ id }) => id)).toEqual(["other"]);
  expect(await box.get("other")).toMatchObject({ id: "other", error: "Error: no luck", attempts: 5, parkedAt: NOON });
});

test("what is not parked cannot be replayed", async ({ box, database }) => {
  await park(database, "one", cloudevents.encode(newEvent()));

  await expect(box.get("unknown")).rejects.toThrow(NotFound);
  await expect(box.replay(["one", "unknown"])).rejects.toThrow("unknown");
  expect((await box.list(10)).map(({ id }) => id)).toEqual(["one"]);
});
