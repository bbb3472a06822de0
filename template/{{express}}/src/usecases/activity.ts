/** The activity log: filled from events, read by admins and by users about themselves. */

import { z } from "zod";
import type { Activity } from "../domain/activity.ts";
import { Forbidden } from "../domain/errors.ts";
import {
  type Event,
  eventKey,
  InvalidEvent,
  SESSION_REFUSED,
  SESSION_STARTED,
  USER_CREATED,
  USER_DELETED,
  USER_UPDATED,
} from "../domain/events.ts";
import { type Cursor, decodeCursor, invalidCursor, type Page, pageOf } from "../domain/paging.ts";
import { isAdmin, type User } from "../domain/users.ts";
import type { Database, Stores } from "../ports.ts";

export const LOGGED = [USER_CREATED, USER_UPDATED, USER_DELETED, SESSION_STARTED, SESSION_REFUSED] as const;

const KEY = /^[0-9a-f]{32}$/;
const BATCH = 500;

const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}]+$/u, "has control characters in it");

/** What an event has to say to be logged. Its sender may be another service. */
const loggedData = z.object({ user_id: id.nullable(), by: id.nullable() });

/**
 * The projection: one event, one entry.
 *
 * @throws {InvalidEvent} Its data is not what its type promises.
 */
export async function logActivity(event: Event, stores: Stores): Promise<void> {
  await stores.activity.put(entryOf(event));
}

export class ActivityLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * A page of what happened, newest first.
   *
   * @param userId Only what is about this user.
   * @throws {Forbidden} The caller is no admin, and asks for more than about themselves.
   * @throws {InvalidField} The cursor is none.
   */
  async page(
    caller: User,
    userId: string | undefined,
    cursor: string | undefined,
    limit: number,
  ): Promise<Page<Activity>> {
    if (!isAdmin(caller) && userId !== caller.id) {
      throw new Forbidden("Only admins may read about anybody but themselves.");
    }
    const after = cursor === undefined ? null : positionOf(cursor);
    const entries = await this.#database.read((stores) => stores.activity.page(userId ?? null, after, limit + 1));
    return pageOf(entries, limit, (entry) => ({ createdAt: entry.time, id: entry.key }));
  }

  /**
   * Makes the log anew from all events that were ever handled, while the service runs.
   *
   * Entries without an event go; each other one is replaced by what is made of its event now. Readers and the consumer
   * may go on in the meantime.
   *
   * @returns from how many events.
   */
  async rebuild(batch = BATCH): Promise<number> {
    // First, since a database without transactions may have the entry of an event under way before the event.
    await this.#database.transaction((stores) => stores.activity.discardUnfounded());
    let count = 0;
    for (let after = ""; ; ) {
      const handled = await this.#database.read((stores) => stores.inbox.page(after, LOGGED, batch));
      const last = handled.at(-1);
      if (!last) return count;
      for (const event of handled) await this.#database.transaction((stores) => logActivity(event, stores));
      count += handled.length;
      after = eventKey(last);
    }
  }
}

function positionOf(cursor: string): Cursor {
  const position = decodeCursor(cursor);
  if (!KEY.test(position.id)) throw invalidCursor();
  return position;
}

function entryOf(event: Event): Activity {
  const { success, data, error } = loggedData.safeParse(event.data);
  if (!success) throw new InvalidEvent(error.issues.map(inWords).join("; "));
  return {
    key: eventKey(event),
    id: event.id,
    type: event.type,
    userId: data.user_id,
    by: data.by,
    time: event.time,
  };
}

function inWords(issue: z.core.$ZodIssue): string {
  return `${["data", ...issue.path].join(".")}: ${issue.message}`;
}
