import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { Activity } from "../../src/domain/activity.ts";
import { type Event, eventKey, InvalidEvent, USER_CREATED } from "../../src/domain/events.ts";
import type { Database } from "../../src/ports.ts";
import { ActivityLog, logActivity } from "../../src/usecases/activity.ts";
import { later, NOON, newEvent } from "../events.ts";
import { test } from "../fixtures.ts";

function eventNumber(number: number): Event {
  return { ...newEvent(`user ${number % 3}`), time: later(number * 1_000) };
}

function eventsNumbered(count: number): Event[] {
  return Array.from({ length: count }, (_, number) => eventNumber(number));
}

function entryOf(event: Event): Activity {
  const { user_id: userId, by } = event.data as { user_id: string | null; by: string | null };
  return { key: eventKey(event), id: event.id, type: event.type, userId, by, time: event.time };
}

function entries(database: Database): Promise<readonly Activity[]> {
  return database.read((stores) => stores.activity.page(null, null, 1_000));
}

async function handle(database: Database, events: readonly Event[]): Promise<void> {
  for (const event of events) await database.handleOnce(event, logActivity);
}

test.for([
  { user_id: "ann", by: null },
  { user_id: null, by: null, more: 1 },
])("an event becomes an entry: %j", async (data, { database }) => {
  const event = { ...newEvent("ann", USER_CREATED), data };
  await handle(database, [event]);

  expect(await entries(database)).toEqual([entryOf(event)]);
});

test.for([
  {},
  { user_id: "ann" },
  { by: "ann" },
  { user_id: 1, by: null },
  { user_id: "", by: null },
  { user_id: "a".repeat(65), by: null },
  { user_id: "a\0b", by: null },
  { user_id: "ann", by: ["ann"] },
])("an event that does not say who is invalid: %j", async (data, { database }) => {
  const handling = database.handleOnce({ ...newEvent(), data }, logActivity);

  await expect(handling).rejects.toThrow(InvalidEvent);
  await expect(handling).rejects.toThrow(/^data\.(user_id|by): /);
  expect(await entries(database)).toEqual([]);
});

test("the log is made anew from all events", async ({ database }) => {
  const handled = eventsNumbered(25);
  await handle(database, handled);
  const wrong = { ...entryOf(eventNumber(3)), key: eventKey(handled[3] as Event), userId: "somebody else", time: NOON };
  const unfounded = { ...wrong, key: randomBytes(16).toString("hex") };
  for (const entry of [wrong, unfounded]) await database.transaction((stores) => stores.activity.put(entry));

  expect(await new ActivityLog(database).rebuild(10)).toBe(25);
  expect(await entries(database)).toEqual(handled.map(entryOf).reverse());
});

test("the log is made anew while events go on coming", async ({ database }) => {
  const handled = eventsNumbered(60);
  const log = new ActivityLog(database);
  await handle(database, handled.slice(0, 20));
  async function rebuild(): Promise<void> {
    for (let time = 0; time < 3; time += 1) await log.rebuild(7);
  }
  await Promise.all([handle(database, handled.slice(20)), rebuild()]);

  expect(await entries(database)).toEqual(handled.map(entryOf).reverse());
});

test("an empty log is made anew", async ({ database }) => {
  expect(await new ActivityLog(database).rebuild()).toBe(0);
});
