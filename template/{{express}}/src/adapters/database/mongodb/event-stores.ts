/**
 * The stores on MongoDB that have to do with events.
 *
 * An event waits in the document of what it tells of, in the field `outbox`: so it is there exactly if the change is.
 * A document that has been deleted stays, without anything but its events, until they are published.
 */

import { type Collection, type Db, type Filter, MongoServerError, ObjectId } from "mongodb";
import type { Activity } from "../../../domain/activity.ts";
import { type DeadLetter, type Event, eventKey } from "../../../domain/events.ts";
import type { Cursor } from "../../../domain/paging.ts";
import type { ActivityStore, DeadLetters, Inbox, Leases, Outbox } from "../../../ports.ts";

/** The collections whose documents hold events. An incident is an event that comes with nothing else. */
export const EVENTFUL = ["users", "sessions", "incidents"] as const;

export const DELETED = { deleted: true };

const DUPLICATE_KEY = 11_000;

/** With its data as text: what other services send may hold names that MongoDB does not allow. */
export interface EventDocument extends Omit<Event, "data"> {
  readonly data: string;
}

export interface Eventful {
  readonly outbox: EventDocument[];
  readonly deleted?: boolean;
}

interface InboxDocument extends EventDocument {
  readonly _id: string;
}

interface DeadLetterDocument {
  readonly _id: string;
  readonly body: Uint8Array;
  readonly error: string;
  readonly attempts: number;
  readonly parked_at: Date;
}

interface ActivityDocument {
  readonly _id: string;
  readonly id: string;
  readonly type: string;
  readonly user_id: string | null;
  readonly by: string | null;
  readonly time: Date;
}

interface LeaseDocument {
  readonly _id: string;
  readonly owner: string;
  readonly until: Date;
}

export class MongoOutbox implements Outbox {
  hasNew = false;
  readonly #database: Db;

  constructor(database: Db) {
    this.#database = database;
  }

  async add(event: Event): Promise<void> {
    await this.#database
      .collection<Eventful>("incidents")
      .insertOne({ _id: new ObjectId(), ...DELETED, ...this.first(event) });
  }

  /** What a new document holds. */
  first(event: Event): { outbox: EventDocument[] } {
    this.hasNew = true;
    return { outbox: [toDocument(event)] };
  }

  /** What an update pushes. */
  another(event: Event): { outbox: EventDocument } {
    this.hasNew = true;
    return { outbox: toDocument(event) };
  }

  async pending(limit: number): Promise<readonly Event[]> {
    const found = await Promise.all(EVENTFUL.map((name) => this.#pendingIn(name, limit)));
    return found
      .flat()
      .sort((one, other) => one.time - other.time)
      .slice(0, limit)
      .map(({ event }) => event);
  }

  async remove(events: readonly Event[]): Promise<void> {
    const ids = events.map((event) => event.id);
    for (const name of EVENTFUL) {
      const collection = this.#database.collection<Eventful>(name);
      await collection.updateMany({ "outbox.id": { $in: ids } }, { $pull: { outbox: { id: { $in: ids } } } });
      await collection.deleteMany({ ...DELETED, outbox: [] });
    }
  }

  async #pendingIn(name: string, limit: number): Promise<{ time: number; event: Event }[]> {
    const documents = await this.#database
      .collection<Eventful>(name)
      .find({ "outbox.time": { $exists: true } }, { projection: { outbox: true } })
      .sort({ "outbox.time": 1 })
      .limit(limit)
      .toArray();
    return documents.flatMap(({ outbox }) => {
      // Those of one document stay in their order, even if the clocks of two instances do not agree.
      let latest = Number.NEGATIVE_INFINITY;
      return outbox.map((each) => {
        latest = Math.max(latest, each.time.getTime());
        return { time: latest, event: toEvent(each) };
      });
    });
  }
}

export class MongoInbox implements Inbox {
  readonly #inbox: Collection<InboxDocument>;

  constructor(database: Db) {
    this.#inbox = database.collection("inbox");
  }

  async has(event: Event): Promise<boolean> {
    return (await this.#inbox.findOne({ _id: eventKey(event) }, { projection: { _id: true } })) !== null;
  }

  /** Whether the event is new. */
  async add(event: Event): Promise<boolean> {
    return isNew(this.#inbox.insertOne({ _id: eventKey(event), ...toDocument(event) }));
  }

  async page(after: string, types: readonly string[], limit: number): Promise<readonly Event[]> {
    const documents = this.#inbox.find({ _id: { $gt: after }, type: { $in: types } });
    return (await documents.sort({ _id: 1 }).limit(limit).toArray()).map(toEvent);
  }
}

export class MongoDeadLetters implements DeadLetters {
  readonly #letters: Collection<DeadLetterDocument>;

  constructor(database: Db) {
    this.#letters = database.collection("dead_letters", { promoteBuffers: true });
  }

  async add({ id, parkedAt, ...letter }: DeadLetter): Promise<void> {
    await this.#letters.insertOne({ _id: id, ...letter, parked_at: parkedAt });
  }

  async get(letterId: string): Promise<DeadLetter | null> {
    const document = await this.#letters.findOne({ _id: letterId });
    return document && toDeadLetter(document);
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    return (await this.#letters.find().sort({ parked_at: 1, _id: 1 }).limit(limit).toArray()).map(toDeadLetter);
  }

  async remove(letterId: string): Promise<void> {
    await this.#letters.deleteOne({ _id: letterId });
  }
}

export class MongoActivityStore implements ActivityStore {
  readonly #activity: Collection<ActivityDocument>;
  readonly #inbox: Collection<InboxDocument>;

  constructor(database: Db) {
    this.#activity = database.collection("activity");
    this.#inbox = database.collection("inbox");
  }

  async put({ key, id, type, userId, by, time }: Activity): Promise<void> {
    await this.#activity.replaceOne({ _id: key }, { id, type, user_id: userId, by, time }, { upsert: true });
  }

  async page(userId: string | null, after: Cursor | null, limit: number): Promise<readonly Activity[]> {
    const query: Filter<ActivityDocument> = {
      ...(userId !== null && { user_id: userId }),
      ...(after && behind(after)),
    };
    const documents = await this.#activity.find(query).sort({ time: -1, _id: -1 }).limit(limit).toArray();
    return documents.map(({ _id, user_id, ...entry }) => ({ key: _id, userId: user_id, ...entry }));
  }

  async discardUnfounded(): Promise<void> {
    for await (const { _id } of this.#activity.find({}, { projection: { _id: true } })) {
      const event = await this.#inbox.findOne({ _id }, { projection: { _id: true } });
      if (!event) await this.#activity.deleteOne({ _id });
    }
  }
}

export class MongoLeases implements Leases {
  readonly #leases: Collection<LeaseDocument>;

  constructor(database: Db) {
    this.#leases = database.collection("leases");
  }

  async take(name: string, owner: string, now: Date, until: Date): Promise<boolean> {
    const isFree = { _id: name, $or: [{ owner }, { until: { $lte: now } }] };
    // If it is there and not free, this tries to make a second one.
    return isNew(this.#leases.updateOne(isFree, { $set: { owner, until } }, { upsert: true }));
  }

  async giveBack(name: string, owner: string): Promise<void> {
    await this.#leases.deleteOne({ _id: name, owner });
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

async function isNew(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

function behind({ createdAt, id }: Cursor): Filter<ActivityDocument> {
  return { $or: [{ time: { $lt: createdAt } }, { time: createdAt, _id: { $lt: id } }] };
}

function toDocument({ source, id, type, subject, time, data, trace }: Event): EventDocument {
  return { source, id, type, subject, time, data: JSON.stringify(data), trace };
}

function toEvent({ source, id, type, subject, time, data, trace }: EventDocument): Event {
  return { source, id, type, subject, time, data: JSON.parse(data), trace };
}

function toDeadLetter({ _id, body, error, attempts, parked_at }: DeadLetterDocument): DeadLetter {
  return { id: _id, body, error, attempts, parkedAt: parked_at };
}
