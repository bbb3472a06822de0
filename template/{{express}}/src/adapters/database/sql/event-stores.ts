/** The stores on SQL tables that have to do with events. */

import type { Insertable, Selectable } from "kysely";
import type { Activity } from "../../../domain/activity.ts";
import { type DeadLetter, type Event, eventKey } from "../../../domain/events.ts";
import type { Cursor } from "../../../domain/paging.ts";
import type { ActivityStore, DeadLetters, Inbox, Leases, Outbox } from "../../../ports.ts";
import type { ActivityTable, Connection, DeadLetterTable, InboxTable } from "./tables.ts";

const EVENT = ["id", "source", "type", "subject", "time", "data", "trace"] as const;

export class SqlOutbox implements Outbox {
  hasNew = false;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async add(event: Event): Promise<void> {
    this.hasNew = true;
    await this.#connection.insertInto("outbox").values(rowOf(event)).execute();
  }

  pending(limit: number): Promise<readonly Event[]> {
    return this.#connection.selectFrom("outbox").select(EVENT).orderBy("position").limit(limit).execute();
  }

  async remove(events: readonly Event[]): Promise<void> {
    const ids = events.map((event) => event.id);
    await this.#connection.deleteFrom("outbox").where("id", "in", ids).execute();
  }
}

export class SqlInbox implements Inbox {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the event is new. */
  async add(event: Event): Promise<boolean> {
    const row: InboxTable = { key: eventKey(event), ...rowOf(event) };
    const { numInsertedOrUpdatedRows } = await this.#connection
      .insertInto("inbox")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  page(after: string, types: readonly string[], limit: number): Promise<readonly Event[]> {
    return this.#connection
      .selectFrom("inbox")
      .select(EVENT)
      .where("key", ">", after)
      .where("type", "in", types)
      .orderBy("key")
      .limit(limit)
      .execute();
  }
}

export class SqlDeadLetters implements DeadLetters {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async add({ parkedAt, ...letter }: DeadLetter): Promise<void> {
    await this.#connection
      .insertInto("dead_letters")
      .values({ ...letter, parked_at: parkedAt })
      .execute();
  }

  async get(letterId: string): Promise<DeadLetter | null> {
    const row = await this.#connection
      .selectFrom("dead_letters")
      .selectAll()
      .where("id", "=", letterId)
      .executeTakeFirst();
    return row ? deadLetterOf(row) : null;
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    const rows = await this.#connection
      .selectFrom("dead_letters")
      .selectAll()
      .orderBy("parked_at")
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(deadLetterOf);
  }

  async remove(letterId: string): Promise<void> {
    await this.#connection.deleteFrom("dead_letters").where("id", "=", letterId).execute();
  }
}

export class SqlActivityStore implements ActivityStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async put({ userId, ...entry }: Activity): Promise<void> {
    const row: Insertable<ActivityTable> = { ...entry, user_id: userId };
    await this.#connection
      .insertInto("activity")
      .values(row)
      .onConflict((conflict) => conflict.column("key").doUpdateSet(row))
      .execute();
  }

  async page(userId: string | null, after: Cursor | null, limit: number): Promise<readonly Activity[]> {
    // Nobody's id has a NUL, and not every database lets one ask.
    if (userId?.includes("\0")) return [];
    let query = this.#connection.selectFrom("activity").selectAll();
    if (userId !== null) query = query.where("user_id", "=", userId);
    if (after) {
      const { createdAt, id } = after;
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("time", "key"), "<", tuple(createdAt, id)));
    }
    const rows = await query.orderBy("time", "desc").orderBy("key", "desc").limit(limit).execute();
    return rows.map(({ user_id, ...entry }) => ({ ...entry, userId: user_id }));
  }

  async discardUnfounded(): Promise<void> {
    await this.#connection
      .deleteFrom("activity")
      .where(({ exists, not, selectFrom }) =>
        not(exists(selectFrom("inbox").select("inbox.key").whereRef("inbox.key", "=", "activity.key"))),
      )
      .execute();
  }
}

export class SqlLeases implements Leases {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async take(name: string, owner: string, now: Date, until: Date): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#connection
      .insertInto("leases")
      .values({ name, owner, until })
      .onConflict((conflict) =>
        conflict
          .column("name")
          .doUpdateSet({ owner, until })
          .where(({ eb, or }) => or([eb("leases.owner", "=", owner), eb("leases.until", "<=", now)])),
      )
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  async giveBack(name: string, owner: string): Promise<void> {
    await this.#connection.deleteFrom("leases").where("name", "=", name).where("owner", "=", owner).execute();
  }
}

function rowOf({ id, source, type, subject, time, data, trace }: Event): Event {
  return { id, source, type, subject, time, data, trace };
}

function deadLetterOf({ parked_at, ...letter }: Selectable<DeadLetterTable>): DeadLetter {
  return { ...letter, parkedAt: parked_at };
}
