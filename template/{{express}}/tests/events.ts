/** Events for the tests, and waiting until they have taken effect. */

import { randomUUID } from "node:crypto";
import { type Event, SESSION_STARTED } from "../src/domain/events.ts";
import type { Database } from "../src/ports.ts";
import { until } from "./until.ts";

export const NOON = new Date("2026-02-03T12:00:00.123Z");
export const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** An event that the activity log can be made of. */
export function newEvent(subject = "somebody", type: string = SESSION_STARTED): Event {
  const data = { user_id: subject || null, by: subject || null };
  return { source: "/tests", id: randomUUID(), type, subject, time: NOON, data, trace: null };
}

export function pending(database: Database): Promise<readonly Event[]> {
  return database.read((stores) => stores.outbox.pending(1_000));
}

/** Waits until all events have been published, which on a bus within the process means: handled. */
export async function settled(database: Database): Promise<void> {
  await until(async () => (await pending(database)).length === 0, "the outbox is empty");
}

/** So much later than noon. */
export function later(milliseconds: number): Date {
  return new Date(NOON.getTime() + milliseconds);
}
