/**
 * What the service needs from the outside world; adapters provide it.
 *
 * Only `wiring.ts` knows which adapter stands behind a port. Every method may throw `Unavailable` when the other
 * side does not answer.
 */

import type { Activity } from "./domain/activity.ts";
import type { DeadLetter, Event } from "./domain/events.ts";
import type { Cursor } from "./domain/paging.ts";
import type { Session } from "./domain/sessions.ts";
import type { Account, CreationKey, User } from "./domain/users.ts";

export interface Clock {
  /** The time, to the millisecond, which every database keeps exactly. */
  now(): Date;
}

export interface UserStore {
  /** An id for a new user, of the database's own kind. */
  nextId(): string;

  /** The user, or null if there is none, or this is no id at all. */
  get(userId: string): Promise<User | null>;

  getAccount(userId: string): Promise<Account | null>;

  /** The account with this e-mail, given in lower case. */
  findAccount(email: string): Promise<Account | null>;

  /** The user that was created by the request of this key. */
  findCreation(key: string): Promise<{ user: User; key: CreationKey } | null>;

  /** Up to `limit` users from behind `after` on, newest first. */
  page(after: Cursor | null, limit: number): Promise<readonly User[]>;

  /**
   * Stores a new user, and the event with it; throws `EmailTaken` if another user has this e-mail, or was created
   * with this key.
   */
  add(user: User, passwordHash: string, event: Event, key?: CreationKey): Promise<void>;

  /**
   * Stores the next version of a user, and the event with it; without a hash the password stays as it is. Throws
   * `EmailTaken` if another user has this e-mail.
   *
   * @returns false if the stored version is not `user.version - 1`: somebody else was faster.
   */
  replace(user: User, event: Event, passwordHash?: string): Promise<boolean>;

  /** Stores an account's hash of the same password, unless its password has changed from `oldHash`. */
  rehash(account: Account, oldHash: string): Promise<void>;

  /**
   * Deletes a user, and their sessions with them; stores the event.
   *
   * @returns false if the stored version is not `user.version`.
   */
  delete(user: User, event: Event): Promise<boolean>;
}

export interface SessionStore {
  /**
   * Stores a new session, and the event with it; throws `NotFound` if its user was deleted in the meantime. Not every
   * database notices.
   */
  add(session: Session, event: Event): Promise<void>;

  get(sessionId: string): Promise<Session | null>;

  /**
   * Gives a session its next secret.
   *
   * @returns false if its stored secret is not the one in `session` any more.
   */
  rotate(session: Session, secretHash: string, expiresAt: Date): Promise<boolean>;

  delete(sessionId: string): Promise<void>;

  deleteExpired(userId: string, now: Date): Promise<void>;
}

/** Events that have happened, and are still to be published. */
export interface Outbox {
  /** Stores an event that comes with no change of a record. */
  add(event: Event): Promise<void>;

  /** The oldest ones, those of one subject in the order in which they happened. */
  pending(limit: number): Promise<readonly Event[]>;

  remove(events: readonly Event[]): Promise<void>;
}

/** Events that have been handled; `Database.handleOnce` fills it. */
export interface Inbox {
  /** Up to `limit` of these types, in the order of their keys, from behind the key `after` on. */
  page(after: string, types: readonly string[], limit: number): Promise<readonly Event[]>;
}

export interface DeadLetters {
  add(letter: DeadLetter): Promise<void>;

  get(letterId: string): Promise<DeadLetter | null>;

  /** The oldest ones first. */
  list(limit: number): Promise<readonly DeadLetter[]>;

  remove(letterId: string): Promise<void>;
}

export interface ActivityStore {
  /** Stores an entry, in place of the one with the same key. */
  put(entry: Activity): Promise<void>;

  /** Up to `limit` entries from behind `after` on, newest first; of everybody if `userId` is null. */
  page(userId: string | null, after: Cursor | null, limit: number): Promise<readonly Activity[]>;

  /** Removes the entries whose event is not in the inbox. */
  discardUnfounded(): Promise<void>;
}

/** Who of all instances does what only one may do at a time. */
export interface Leases {
  /**
   * Takes a lease that is free or has run out, or prolongs one's own.
   *
   * @returns false if somebody else has it.
   */
  take(name: string, owner: string, now: Date, until: Date): Promise<boolean>;

  giveBack(name: string, owner: string): Promise<void>;
}

export interface Stores {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly deadLetters: DeadLetters;
  readonly activity: ActivityStore;
  readonly leases: Leases;
}

export type EventHandler = (event: Event, stores: Stores) => Promise<void>;

export interface Database {
  /** Gives the work stores for reading, each statement on its own. */
  read<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result>;

  /**
   * Gives the work stores for one unit: kept when the work ends well, undone when it throws.
   *
   * Do one thing to one record in it. A database without transactions can keep that promise too.
   */
  transaction<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result>;

  /**
   * Carries out a handler, unless the event is in the inbox, and puts it there: all of it or nothing.
   *
   * A database without transactions carries it out first, so that it may happen twice if it is interrupted: there a
   * handler's effect must be the same the second time.
   *
   * @returns whether it was new.
   */
  handleOnce(event: Event, handler: EventHandler): Promise<boolean>;

  /** Returns when there may be a new event in the outbox, after that time, or when the signal is aborted. */
  waitForEvents(milliseconds: number, signal?: AbortSignal): Promise<void>;

  ping(): Promise<void>;

  close(): Promise<void>;
}

/**
 * Values by key, each with an expiry. It may lose what it holds, but never keeps what is outdated.
 *
 * Whoever finds nothing takes a lease before computing the value: only one caller gets it, and a value is stored only
 * while its lease stands. Deleting a key ends its lease, so a value that was computed from older data never comes in
 * after the deletion.
 */
export interface Cache {
  get(key: string): Promise<string | null>;

  /** The right to compute the value, for a time; null if somebody else has it. */
  lease(key: string, milliseconds: number): Promise<string | null>;

  /** Stores a value for a time, unless its lease has ended. */
  put(key: string, value: string, milliseconds: number, lease: string): Promise<void>;

  delete(key: string): Promise<void>;

  ping(): Promise<void>;

  close(): Promise<void>;
}

/**
 * Carries events from service to service, each of them to one instance of every service that wants it.
 *
 * `adapters/broker` has one for each broker; each of them connects by itself, again and again if need be.
 */
export interface EventBus {
  /** Publishes an event right away, without the outbox: for what may get lost when the service is killed. */
  publishEvent(type: string, data: Readonly<Record<string, unknown>>, subject?: string): Promise<void>;

  /** Publishes events, those of one subject in this order; returns when the broker has stored them all. */
  publish(events: readonly Event[]): Promise<void>;

  /**
   * Delivers messages until the signal is aborted, many at a time; returns when those under way are done with.
   *
   * One is acknowledged when `handle` returns, and delivered again if that never happens.
   */
  consume(types: readonly string[], handle: (body: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;

  ping(): Promise<void>;

  close(): Promise<void>;
}
