/** The stores on SQL tables. */

import { randomUUID } from "node:crypto";
import { type CompiledQuery, type Selectable, type SelectQueryBuilder, sql } from "kysely";
import { EmailTaken, NotFound } from "../../../domain/errors.ts";
import type { Event } from "../../../domain/events.ts";
import { type Cursor, invalidCursor } from "../../../domain/paging.ts";
import type { Session } from "../../../domain/sessions.ts";
import type { Account, CreationKey, User } from "../../../domain/users.ts";
import type { SessionStore, Stores, UserStore } from "../../../ports.ts";
import { SqlActivityStore, SqlDeadLetters, SqlInbox, SqlLeases, SqlOutbox } from "./event-stores.ts";
import { onConstraintViolated } from "./failures.ts";
import type { Connection, SessionTable, Tables, UserTable } from "./tables.ts";

const USER = ["id", "email", "name", "role", "created_at", "version", "generation"] as const;

/** An id as the service writes it: a UUID can be written in other ways too. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** All stores, on one connection. */
export class SqlStores implements Stores {
  readonly users: SqlUserStore;
  readonly sessions: SqlSessionStore;
  readonly outbox: SqlOutbox;
  readonly inbox: SqlInbox;
  readonly deadLetters: SqlDeadLetters;
  readonly activity: SqlActivityStore;
  readonly leases: SqlLeases;

  constructor(connection: Connection) {
    this.outbox = new SqlOutbox(connection);
    this.users = new SqlUserStore(connection, this.outbox);
    this.sessions = new SqlSessionStore(connection, this.outbox);
    this.inbox = new SqlInbox(connection);
    this.deadLetters = new SqlDeadLetters(connection);
    this.activity = new SqlActivityStore(connection);
    this.leases = new SqlLeases(connection);
  }
}

export class SqlUserStore implements UserStore {
  readonly #connection: Connection;
  readonly #outbox: SqlOutbox;
  /** What is asked for most often: to build a statement and to compile it may take longer than the answer. */
  readonly #compiled = new Map<string, CompiledQuery<UserRow>>();

  constructor(connection: Connection, outbox: SqlOutbox) {
    this.#connection = connection;
    this.#outbox = outbox;
  }

  nextId(): string {
    return randomUUID();
  }

  async get(userId: string): Promise<User | null> {
    if (!ID.test(userId)) return null;
    const [row] = await this.#rows("get", [userId], (users) => users.where("id", "=", userId).limit(sql.lit(1)));
    return row ? userOf(row) : null;
  }

  async getAccount(userId: string): Promise<Account | null> {
    if (!ID.test(userId)) return null;
    return accountOf(await this.#accounts().where("id", "=", userId).executeTakeFirst());
  }

  async findAccount(email: string): Promise<Account | null> {
    // No e-mail has a NUL, and not every database lets one ask.
    if (email.includes("\0")) return null;
    return accountOf(await this.#accounts().where("email", "=", email).executeTakeFirst());
  }

  async findCreation(key: string): Promise<{ user: User; key: CreationKey } | null> {
    const row = await this.#connection
      .selectFrom("users")
      .select([...USER, "creation_fingerprint"])
      .where("creation_key", "=", key)
      .executeTakeFirst();
    return row ? { user: userOf(row), key: { value: key, fingerprint: row.creation_fingerprint ?? "" } } : null;
  }

  async page(after: Cursor | null, limit: number): Promise<readonly User[]> {
    if (after && !ID.test(after.id)) throw invalidCursor();
    const rows = after
      ? await this.#rows("page after", [after.createdAt, after.id, limit], (users) =>
          newestFirst(users, limit).where(({ eb, refTuple, tuple }) =>
            eb(refTuple("created_at", "id"), "<", tuple(after.createdAt, after.id)),
          ),
        )
      : await this.#rows("page", [limit], (users) => newestFirst(users, limit));
    return rows.map(userOf);
  }

  async add(user: User, passwordHash: string, event: Event, key?: CreationKey): Promise<void> {
    const row = {
      ...rowOf(user),
      password_hash: passwordHash,
      creation_key: key?.value ?? null,
      creation_fingerprint: key?.fingerprint ?? null,
    };
    await onConstraintViolated(emailTaken, this.#connection.insertInto("users").values(row).execute());
    await this.#outbox.add(event);
  }

  async replace(user: User, event: Event, passwordHash?: string): Promise<boolean> {
    const statement = this.#connection
      .updateTable("users")
      .set({ ...rowOf(user), ...(passwordHash !== undefined && { password_hash: passwordHash }) })
      .where("id", "=", user.id)
      .where("version", "=", user.version - 1);
    const { numUpdatedRows } = await onConstraintViolated(emailTaken, statement.executeTakeFirst());
    return this.#addIfChanged(numUpdatedRows, event);
  }

  async rehash({ user, passwordHash }: Account, oldHash: string): Promise<void> {
    await this.#connection
      .updateTable("users")
      .set({ password_hash: passwordHash })
      .where("id", "=", user.id)
      .where("password_hash", "=", oldHash)
      .execute();
  }

  async delete(user: User, event: Event): Promise<boolean> {
    // Their sessions go with them, by the foreign key.
    const { numDeletedRows } = await this.#connection
      .deleteFrom("users")
      .where("id", "=", user.id)
      .where("version", "=", user.version)
      .executeTakeFirst();
    return this.#addIfChanged(numDeletedRows, event);
  }

  /** The rows of a statement, which is built when it is first carried out: later, only its parameters are others. */
  async #rows(name: string, parameters: readonly unknown[], build: (users: UserQuery) => UserQuery) {
    const compiled = this.#compiled.get(name) ?? build(this.#connection.selectFrom("users").select(USER)).compile();
    this.#compiled.set(name, compiled);
    return (await this.#connection.executeQuery<UserRow>({ ...compiled, parameters })).rows;
  }

  #accounts() {
    return this.#connection.selectFrom("users").select([...USER, "password_hash"]);
  }

  async #addIfChanged(rows: bigint, event: Event): Promise<boolean> {
    if (rows > 0n) await this.#outbox.add(event);
    return rows === 1n;
  }
}

export class SqlSessionStore implements SessionStore {
  readonly #connection: Connection;
  readonly #outbox: SqlOutbox;

  constructor(connection: Connection, outbox: SqlOutbox) {
    this.#connection = connection;
    this.#outbox = outbox;
  }

  async add(session: Session, event: Event): Promise<void> {
    const row: SessionTable = {
      id: session.id,
      user_id: session.userId,
      generation: session.generation,
      secret_hash: session.secretHash,
      expires_at: session.expiresAt,
    };
    const userIsGone = () => new NotFound("The user is gone.");
    await onConstraintViolated(userIsGone, this.#connection.insertInto("sessions").values(row).execute());
    await this.#outbox.add(event);
  }

  async get(sessionId: string): Promise<Session | null> {
    const row = await this.#connection
      .selectFrom("sessions")
      .selectAll()
      .where("id", "=", sessionId)
      .executeTakeFirst();
    return row ? sessionOf(row) : null;
  }

  async rotate(session: Session, secretHash: string, expiresAt: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.#connection
      .updateTable("sessions")
      .set({ secret_hash: secretHash, expires_at: expiresAt })
      .where("id", "=", session.id)
      .where("secret_hash", "=", session.secretHash)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async delete(sessionId: string): Promise<void> {
    await this.#connection.deleteFrom("sessions").where("id", "=", sessionId).execute();
  }

  async deleteExpired(userId: string, now: Date): Promise<void> {
    await this.#connection
      .deleteFrom("sessions")
      .where("user_id", "=", userId)
      .where("expires_at", "<=", now)
      .execute();
  }
}

type UserRow = Pick<Selectable<UserTable>, (typeof USER)[number]>;
type UserQuery = SelectQueryBuilder<Tables, "users", UserRow>;

function newestFirst(users: UserQuery, limit: number): UserQuery {
  return users.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit);
}

function userOf(row: UserRow): User {
  const { id, email, name, role, created_at: createdAt, version, generation } = row;
  return { id, email, name, role, createdAt, version, generation };
}

function rowOf({ id, email, name, role, createdAt, version, generation }: User): UserRow {
  return { id, email, name, role, created_at: createdAt, version, generation };
}

function accountOf(row: (UserRow & Pick<UserTable, "password_hash">) | undefined): Account | null {
  return row ? { user: userOf(row), passwordHash: row.password_hash } : null;
}

function sessionOf(row: Selectable<SessionTable>): Session {
  return {
    id: row.id,
    userId: row.user_id,
    generation: row.generation,
    secretHash: row.secret_hash,
    expiresAt: row.expires_at,
  };
}

function emailTaken(): EmailTaken {
  return new EmailTaken("Another user has this e-mail address.");
}
