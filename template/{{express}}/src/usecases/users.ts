/** What can be done with users, and by whom. Every API calls this, and nothing else decides it. */

import { z } from "zod";
import { EmailTaken, Forbidden, InvalidField, KeyReused, NotFound, Stale } from "../domain/errors.ts";
import { NAMESPACE_OID, nameBasedId } from "../domain/ids.ts";
import { decodeCursor, type Page, pageOf } from "../domain/paging.ts";
import {
  type Account,
  type CreationKey,
  isAdmin,
  type NewUser,
  ROLES,
  type User,
  type UserChanges,
} from "../domain/users.ts";
import { type CachedFunction, type CacheManager, moment } from "../platform/caching.ts";
import type { SecurityManager } from "../platform/security.ts";
import type { Clock, Database } from "../ports.ts";
import { Events } from "./events.ts";

/** How often a change without a condition is tried when others change the same user at the same time. */
const ATTEMPTS = 10;

/** A user as the cache keeps them. */
const cachedUser: z.ZodType<User> = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: moment,
  version: z.int(),
  generation: z.int(),
});

/** The versions of a user that a caller will have changed or deleted; without them, any. */
type Versions = ReadonlySet<number>;

export class Users {
  readonly #database: Database;
  readonly #security: SecurityManager;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #find: CachedFunction<[userId: string], User | null>;

  constructor(
    database: Database,
    security: SecurityManager,
    clock: Clock,
    cache: CacheManager,
    { cacheSeconds }: { readonly cacheSeconds: number },
  ) {
    this.#database = database;
    this.#security = security;
    this.#clock = clock;
    this.#events = new Events(clock);
    const cached = cache.cacheResult(cacheSeconds, "usecases.users.find", cachedUser.nullable());
    this.#find = cached((userId: string) => this.#findInDatabase(userId));
  }

  /**
   * A page of all users, newest first.
   *
   * @throws {Forbidden} The caller is no admin.
   * @throws {InvalidField} The cursor is none.
   */
  async page(caller: User, cursor: string | undefined, limit: number): Promise<Page<User>> {
    requireAdmin(caller);
    const after = cursor === undefined ? null : decodeCursor(cursor);
    const users = await this.#database.read((stores) => stores.users.page(after, limit + 1));
    return pageOf(users, limit, ({ createdAt, id }) => ({ createdAt, id }));
  }

  /**
   * One user.
   *
   * @throws {Forbidden} The caller is neither an admin nor this user.
   * @throws {NotFound} There is no such user.
   */
  async get(caller: User, userId: string): Promise<User> {
    requireAdminOrSelf(caller, userId);
    return caller.id === userId ? caller : existing(await this.#find.call(userId));
  }

  /**
   * Creates a user; or answers the one that was created with the same key.
   *
   * @throws {Forbidden} The caller is no admin.
   * @throws {EmailTaken} Another user has this e-mail.
   * @throws {KeyReused} The key came with other content before.
   */
  async create(caller: User, newUser: NewUser, idempotencyKey?: string): Promise<User> {
    requireAdmin(caller);
    if (idempotencyKey === undefined) return this.add(newUser, { by: caller.id });
    const key = this.#creationKey(caller, newUser, idempotencyKey);
    const earlier = await this.#createdEarlier(key);
    if (earlier) return earlier;
    try {
      return await this.add(newUser, { key, by: caller.id });
    } catch (error) {
      // It is taken by the same request perhaps, which ran at the same time.
      const meanwhile = error instanceof EmailTaken ? await this.#createdEarlier(key) : null;
      if (meanwhile) return meanwhile;
      throw error;
    }
  }

  /**
   * Creates a user in the name of the service itself, such as the first admin.
   *
   * @throws {EmailTaken} Another user has this e-mail.
   */
  async add(newUser: NewUser, { key, by = null }: { key?: CreationKey; by?: string | null } = {}): Promise<User> {
    const passwordHash = await this.#security.hashPassword(newUser.password);
    return this.#database.transaction(async (stores) => {
      const user: User = {
        id: stores.users.nextId(),
        email: newUser.email.toLowerCase(),
        name: newUser.name,
        role: newUser.role,
        createdAt: this.#clock.now(),
        version: 1,
        generation: 1,
      };
      await stores.users.add(user, passwordHash, this.#events.userCreated(user, by), key);
      return user;
    });
  }

  /**
   * Changes a user.
   *
   * @throws {Forbidden} The caller is neither an admin nor this user, or no admin and changes a role.
   * @throws {NotFound} There is no such user.
   * @throws {Stale} The user is at another version.
   * @throws {EmailTaken} Another user has this e-mail.
   * @throws {InvalidField} The current password is missing or wrong.
   */
  async update(caller: User, userId: string, changes: UserChanges, versions?: Versions): Promise<User> {
    requireAdminOrSelf(caller, userId);
    const { password, currentPassword, role } = changes;
    if (role !== undefined) requireAdmin(caller);
    if (password !== undefined && caller.id === userId) await this.#checkCurrentPassword(userId, currentPassword);
    const passwordHash = password === undefined ? undefined : await this.#security.hashPassword(password);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.#expect(userId, versions);
      const changed = applied(user, changes);
      if (!changed) return user;
      const event = this.#events.userUpdated(changed, namesOf(changes), caller.id);
      const isStored = await this.#database.transaction((stores) => stores.users.replace(changed, event, passwordHash));
      if (isStored) {
        await this.#find.invalidate(userId);
        return changed;
      }
    }
    throw stale();
  }

  /**
   * Deletes a user and their sessions.
   *
   * @throws {Forbidden} The caller is neither an admin nor this user.
   * @throws {NotFound} There is no such user.
   * @throws {Stale} The user is at another version.
   */
  async delete(caller: User, userId: string, versions?: Versions): Promise<void> {
    requireAdminOrSelf(caller, userId);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.#expect(userId, versions);
      const event = this.#events.userDeleted(user, caller.id);
      const isDeleted = await this.#database.transaction((stores) => stores.users.delete(user, event));
      if (isDeleted) {
        await this.#find.invalidate(userId);
        return;
      }
    }
    throw stale();
  }

  #findInDatabase(userId: string): Promise<User | null> {
    return this.#database.read((stores) => stores.users.get(userId));
  }

  async #account(userId: string): Promise<Account> {
    return existing(await this.#database.read((stores) => stores.users.getAccount(userId)));
  }

  async #expect(userId: string, versions?: Versions): Promise<User> {
    const user = existing(await this.#findInDatabase(userId));
    if (versions && !versions.has(user.version)) throw stale();
    return user;
  }

  async #checkCurrentPassword(userId: string, currentPassword: string | undefined): Promise<void> {
    if (currentPassword === undefined) {
      throw new InvalidField("current_password", "is needed to change one's own password");
    }
    const { passwordHash } = await this.#account(userId);
    const { isRight } = await this.#security.verifyPassword(currentPassword, passwordHash);
    if (!isRight) throw new InvalidField("current_password", "is not the current password");
  }

  async #createdEarlier(key: CreationKey): Promise<User | null> {
    const found = await this.#database.read((stores) => stores.users.findCreation(key.value));
    if (!found) return null;
    if (found.key.fingerprint !== key.fingerprint) {
      throw new KeyReused("This idempotency key came with other content before.");
    }
    return found.user;
  }

  #creationKey(caller: User, { email, name, password, role }: NewUser, idempotencyKey: string): CreationKey {
    return {
      value: nameBasedId(NAMESPACE_OID, JSON.stringify([caller.id, idempotencyKey])),
      fingerprint: this.#security.fingerprint(JSON.stringify([caller.id, email, name, password, role])),
    };
  }
}

/** The next version of the user; undefined if nothing changes. */
function applied(user: User, changes: UserChanges): User | undefined {
  const { email = user.email, name = user.name, role = user.role } = changes;
  const isSecure = changes.password === undefined && role === user.role;
  const changed = { ...user, email: email.toLowerCase(), name, role };
  if (isSecure && changed.email === user.email && name === user.name) return undefined;
  return { ...changed, version: user.version + 1, generation: user.generation + (isSecure ? 0 : 1) };
}

/** What a change is about, as events name it. */
function namesOf({ currentPassword: _, ...changes }: UserChanges): string[] {
  return Object.keys(changes);
}

function requireAdmin(caller: User): void {
  if (!isAdmin(caller)) throw new Forbidden("Only admins may do this.");
}

function requireAdminOrSelf(caller: User, userId: string): void {
  if (!isAdmin(caller) && caller.id !== userId) {
    throw new Forbidden("Only admins may do this with anybody but themselves.");
  }
}

function existing<Found>(found: Found | null): Found {
  if (found === null) throw new NotFound("There is no such user, or no longer.");
  return found;
}

function stale(): Stale {
  return new Stale("The user has changed in the meantime.");
}
