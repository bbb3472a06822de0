/** The stores on MongoDB. Each operation changes one document, which MongoDB does as a whole or not at all. */

import { type Collection, type Db, type Filter, ObjectId, type WithId } from "mongodb";
import { EmailTaken } from "../../../domain/errors.ts";
import type { Event } from "../../../domain/events.ts";
import { type Cursor, invalidCursor } from "../../../domain/paging.ts";
import type { Session } from "../../../domain/sessions.ts";
import type { Account, CreationKey, Role, User } from "../../../domain/users.ts";
import type { SessionStore, Stores, UserStore } from "../../../ports.ts";
import {
  DELETED,
  type Eventful,
  isDuplicate,
  MongoActivityStore,
  MongoDeadLetters,
  MongoInbox,
  MongoLeases,
  MongoOutbox,
} from "./event-stores.ts";

const ALIVE = { deleted: { $exists: false } };

const ID = /^[0-9a-f]{24}$/;

interface UserDocument extends Eventful {
  readonly _id: ObjectId;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly password_hash: string;
  readonly created_at: Date;
  readonly version: number;
  readonly generation: number;
  readonly creation?: { readonly key: string; readonly fingerprint: string };
}

interface SessionDocument extends Eventful {
  readonly _id: string;
  readonly user_id: string;
  readonly generation: number;
  readonly secret_hash: string;
  readonly expires_at: Date;
}

export class MongoStores implements Stores {
  readonly users: MongoUserStore;
  readonly sessions: MongoSessionStore;
  readonly outbox: MongoOutbox;
  readonly inbox: MongoInbox;
  readonly deadLetters: MongoDeadLetters;
  readonly activity: MongoActivityStore;
  readonly leases: MongoLeases;

  constructor(database: Db) {
    this.outbox = new MongoOutbox(database);
    this.sessions = new MongoSessionStore(database, this.outbox);
    this.users = new MongoUserStore(database, this.sessions, this.outbox);
    this.inbox = new MongoInbox(database);
    this.deadLetters = new MongoDeadLetters(database);
    this.activity = new MongoActivityStore(database);
    this.leases = new MongoLeases(database);
  }
}

export class MongoUserStore implements UserStore {
  readonly #users: Collection<UserDocument>;
  readonly #sessions: MongoSessionStore;
  readonly #outbox: MongoOutbox;

  constructor(database: Db, sessions: MongoSessionStore, outbox: MongoOutbox) {
    this.#users = database.collection("users");
    this.#sessions = sessions;
    this.#outbox = outbox;
  }

  nextId(): string {
    return new ObjectId().toHexString();
  }

  async get(userId: string): Promise<User | null> {
    return (await this.getAccount(userId))?.user ?? null;
  }

  async getAccount(userId: string): Promise<Account | null> {
    return isId(userId) ? this.#find({ _id: new ObjectId(userId) }) : null;
  }

  async findAccount(email: string): Promise<Account | null> {
    return this.#find({ email });
  }

  async findCreation(key: string): Promise<{ user: User; key: CreationKey } | null> {
    const document = await this.#users.findOne({ "creation.key": key, ...ALIVE });
    if (!document?.creation) return null;
    return { user: toUser(document), key: { value: key, fingerprint: document.creation.fingerprint } };
  }

  async page(after: Cursor | null, limit: number): Promise<readonly User[]> {
    const documents = this.#users.find({ ...ALIVE, ...(after && behind(after)) });
    const found = await documents.sort({ created_at: -1, _id: -1 }).limit(limit).toArray();
    return found.map(toUser);
  }

  async add(user: User, passwordHash: string, event: Event, key?: CreationKey): Promise<void> {
    const document = {
      _id: new ObjectId(user.id),
      ...fieldsOf(user),
      password_hash: passwordHash,
      ...this.#outbox.first(event),
      ...(key && { creation: { key: key.value, fingerprint: key.fingerprint } }),
    };
    await emailTakenOnDuplicate(this.#users.insertOne(document));
  }

  async replace(user: User, event: Event, passwordHash?: string): Promise<boolean> {
    const fields = { ...fieldsOf(user), ...(passwordHash && { password_hash: passwordHash }) };
    const { matchedCount } = await emailTakenOnDuplicate(
      this.#users.updateOne(
        { _id: new ObjectId(user.id), version: user.version - 1, ...ALIVE },
        { $set: fields, $push: this.#outbox.another(event) },
      ),
    );
    return matchedCount === 1;
  }

  async rehash(account: Account, oldHash: string): Promise<void> {
    await this.#users.updateOne(
      { _id: new ObjectId(account.user.id), password_hash: oldHash },
      { $set: { password_hash: account.passwordHash } },
    );
  }

  async delete(user: User, event: Event): Promise<boolean> {
    const { matchedCount } = await this.#users.updateOne(
      { _id: new ObjectId(user.id), version: user.version, ...ALIVE },
      {
        $set: DELETED,
        // Others may have these now, although the document stays until its events are published.
        $unset: { email: "", creation: "" },
        $push: this.#outbox.another(event),
      },
    );
    // Without their user they are good for nothing, should this be interrupted.
    if (matchedCount === 1) await this.#sessions.deleteAll(user.id);
    return matchedCount === 1;
  }

  async #find(query: Filter<UserDocument>): Promise<Account | null> {
    const document = await this.#users.findOne({ ...ALIVE, ...query });
    return document ? { user: toUser(document), passwordHash: document.password_hash } : null;
  }
}

export class MongoSessionStore implements SessionStore {
  readonly #sessions: Collection<SessionDocument>;
  readonly #outbox: MongoOutbox;

  constructor(database: Db, outbox: MongoOutbox) {
    this.#sessions = database.collection("sessions");
    this.#outbox = outbox;
  }

  async add({ id, userId, generation, secretHash, expiresAt }: Session, event: Event): Promise<void> {
    await this.#sessions.insertOne({
      _id: id,
      user_id: userId,
      generation,
      secret_hash: secretHash,
      expires_at: expiresAt,
      ...this.#outbox.first(event),
    });
  }

  async get(sessionId: string): Promise<Session | null> {
    const document = await this.#sessions.findOne({ _id: sessionId, ...ALIVE });
    return document && toSession(document);
  }

  async rotate(session: Session, secretHash: string, expiresAt: Date): Promise<boolean> {
    const { matchedCount } = await this.#sessions.updateOne(
      { _id: session.id, secret_hash: session.secretHash, ...ALIVE },
      { $set: { secret_hash: secretHash, expires_at: expiresAt } },
    );
    return matchedCount === 1;
  }

  async delete(sessionId: string): Promise<void> {
    await this.#delete({ _id: sessionId });
  }

  async deleteExpired(userId: string, now: Date): Promise<void> {
    await this.#delete({ user_id: userId, expires_at: { $lte: now } });
  }

  async deleteAll(userId: string): Promise<void> {
    await this.#delete({ user_id: userId });
  }

  /** Those with events left go when these are published. */
  async #delete(query: Filter<SessionDocument>): Promise<void> {
    await this.#sessions.updateMany(query, { $set: DELETED });
    await this.#sessions.deleteMany({ ...query, outbox: [] });
  }
}

function toUser({ _id, email, name, role, created_at, version, generation }: WithId<UserDocument>): User {
  return { id: _id.toHexString(), email, name, role, createdAt: created_at, version, generation };
}

function fieldsOf({ email, name, role, createdAt, version, generation }: User) {
  return { email, name, role, created_at: createdAt, version, generation };
}

function toSession({ _id, user_id, generation, secret_hash, expires_at }: SessionDocument): Session {
  return { id: _id, userId: user_id, generation, secretHash: secret_hash, expiresAt: expires_at };
}

function behind({ createdAt, id }: Cursor): Filter<UserDocument> {
  if (!isId(id)) throw invalidCursor();
  return { $or: [{ created_at: { $lt: createdAt } }, { created_at: createdAt, _id: { $lt: new ObjectId(id) } }] };
}

/** Whether this is an id as the service writes it: in lower case. */
function isId(text: string): boolean {
  return ID.test(text);
}

async function emailTakenOnDuplicate<Result>(writing: Promise<Result>): Promise<Result> {
  try {
    return await writing;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new EmailTaken("Another user has this e-mail address.", { cause: error });
  }
}
