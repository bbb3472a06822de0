/** What every database promises about users and sessions. */

import { describe, expect } from "vitest";
import { EmailTaken, InvalidField } from "../../../src/domain/errors.ts";
import type { Session } from "../../../src/domain/sessions.ts";
import type { CreationKey, User } from "../../../src/domain/users.ts";
import type { Database } from "../../../src/ports.ts";
import { later, NOON, newEvent } from "../../events.ts";
import { test } from "../../fixtures.ts";

const KEY: CreationKey = { value: "key", fingerprint: "fingerprint" };

interface More {
  readonly key?: CreationKey;
  readonly createdAt?: Date;
}

function add(database: Database, name: string, { key, createdAt = NOON }: More = {}): Promise<User> {
  return database.transaction(async (stores) => {
    const id = stores.users.nextId();
    const user: User = { id, email: `${name}@example.org`, name, role: "user", createdAt, version: 3, generation: 2 };
    await stores.users.add(user, `hash of ${name}`, newEvent(id), key);
    return user;
  });
}

async function addSession(database: Database, user: User, id: string, expiresAt = NOON): Promise<Session> {
  const session: Session = { id, userId: user.id, generation: 2, secretHash: `hash of ${id}`, expiresAt };
  await database.transaction((stores) => stores.sessions.add(session, newEvent(user.id)));
  return session;
}

function replace(database: Database, user: User, passwordHash?: string): Promise<boolean> {
  return database.transaction((stores) => stores.users.replace(user, newEvent(user.id), passwordHash));
}

function deleteUser(database: Database, user: User): Promise<boolean> {
  return database.transaction((stores) => stores.users.delete(user, newEvent(user.id)));
}

async function storedHash(database: Database, user: User): Promise<string | undefined> {
  return (await database.read((stores) => stores.users.getAccount(user.id)))?.passwordHash;
}

function session(database: Database, id: string): Promise<Session | null> {
  return database.read((stores) => stores.sessions.get(id));
}

/** As the service lists them. */
function newestFirst(one: User, other: User): number {
  return other.createdAt.getTime() - one.createdAt.getTime() || (one.id < other.id ? 1 : -1);
}

test("it answers", async ({ database }) => {
  await database.ping();
});

describe("users", () => {
  test("are found in every way", async ({ database }) => {
    const ann = await add(database, "ann", { key: KEY });
    await add(database, "bob");

    await database.read(async ({ users }) => {
      expect(await users.get(ann.id)).toEqual(ann);
      expect(await users.findCreation("key")).toEqual({ user: ann, key: KEY });
      const account = { user: ann, passwordHash: "hash of ann" };
      expect(await users.getAccount(ann.id)).toEqual(account);
      expect(await users.findAccount("ann@example.org")).toEqual(account);
    });
  });

  test.for(["", "ann", "0", "\0", "é", "x".repeat(500), "{00000000-0000-0000-0000-000000000000}"])(
    "that were never stored are not found: %j",
    async (text, { database }) => {
      await add(database, "ann");

      await database.read(async ({ users }) => {
        expect(await users.get(text)).toBeNull();
        expect(await users.findAccount(text)).toBeNull();
        expect(await users.findCreation("key")).toBeNull();
        expect(await users.get(users.nextId())).toBeNull();
        expect(await users.getAccount(users.nextId())).toBeNull();
      });
    },
  );

  test("have an address that is taken once, however many try", async ({ database }) => {
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => add(database, "ann")));

    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(49);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(EmailTaken);
  });

  test("have a creation key that is taken once", async ({ database }) => {
    await add(database, "ann", { key: KEY });

    await expect(add(database, "bob", { key: KEY })).rejects.toThrow(EmailTaken);
  });

  test("are listed newest first, from behind the cursor on", async ({ database }) => {
    const users: User[] = [];
    for (let number = 0; number < 9; number += 1) {
      users.push(await add(database, `user${number}`, { createdAt: later(Math.floor(number / 3)) }));
    }
    const expected = users.sort(newestFirst);

    await database.read(async (stores) => {
      expect(await stores.users.page(null, 20)).toEqual(expected);
      for (const [position, { createdAt, id }] of expected.entries()) {
        const page = await stores.users.page({ createdAt, id }, 4);
        expect(page).toEqual(expected.slice(position + 1, position + 5));
      }
    });
  });

  test("are not listed from behind what is no id", async ({ database }) => {
    const listing = database.read((stores) => stores.users.page({ createdAt: NOON, id: "no id" }, 4));

    await expect(listing).rejects.toThrow(InvalidField);
  });

  test("are replaced by the next version only", async ({ database }) => {
    const ann = await add(database, "ann");
    const next: User = { ...ann, name: "Ann E.", email: "ann.e@example.org", role: "admin", version: 4, generation: 3 };

    expect(await replace(database, { ...next, version: 5 })).toBe(false);
    expect(await replace(database, { ...next, version: 3 })).toBe(false);
    expect(await replace(database, next)).toBe(true);
    expect(await database.read((stores) => stores.users.get(ann.id))).toEqual(next);
    expect(await storedHash(database, ann)).toBe("hash of ann");
  });

  test("are replaced together with their password", async ({ database }) => {
    const ann = await add(database, "ann");
    const bob = await add(database, "bob");
    await replace(database, { ...ann, version: 4 }, "another hash");

    expect(await storedHash(database, ann)).toBe("another hash");
    expect(await storedHash(database, bob)).toBe("hash of bob");
  });

  test("do not get the address of another", async ({ database }) => {
    const ann = await add(database, "ann");
    const bob = await add(database, "bob");

    await expect(replace(database, { ...ann, email: bob.email, version: 4 })).rejects.toThrow(EmailTaken);
  });

  test("have their hash upgraded unless the password has changed", async ({ database }) => {
    const ann = await add(database, "ann");
    const bob = await add(database, "bob");
    const rehash = (passwordHash: string) =>
      database.transaction((stores) => stores.users.rehash({ user: ann, passwordHash }, "hash of ann"));
    await rehash("upgraded");
    await rehash("too late");

    expect(await storedHash(database, ann)).toBe("upgraded");
    expect(await storedHash(database, bob)).toBe("hash of bob");
  });

  test("are deleted at their version only, and their sessions with them", async ({ database }) => {
    const ann = await add(database, "ann");
    const bob = await add(database, "bob");
    for (const user of [ann, bob]) await addSession(database, user, `session of ${user.name}`);

    expect(await deleteUser(database, { ...ann, version: 2 })).toBe(false);
    expect(await deleteUser(database, ann)).toBe(true);
    expect(await deleteUser(database, ann)).toBe(false);
    expect(await database.read((stores) => stores.users.get(ann.id))).toBeNull();
    expect(await database.read((stores) => stores.users.get(bob.id))).toEqual(bob);
    expect(await session(database, "session of ann")).toBeNull();
    expect(await session(database, "session of bob")).not.toBeNull();
  });
});

describe("sessions", () => {
  test("are found until they are deleted", async ({ database }) => {
    const ann = await add(database, "ann");
    const one = await addSession(database, ann, "one");
    const other = await addSession(database, ann, "other");

    expect(await session(database, "one")).toEqual(one);
    expect(await session(database, "unknown")).toBeNull();
    await database.transaction((stores) => stores.sessions.delete("one"));
    expect(await session(database, "one")).toBeNull();
    expect(await session(database, "other")).toEqual(other);
  });

  test("get their next secret once", async ({ database }) => {
    const ann = await add(database, "ann");
    const one = await addSession(database, ann, "one");
    const other = await addSession(database, ann, "other");
    const expiresAt = later(3_600_000);
    const rotate = (number: number) =>
      database.transaction((stores) => stores.sessions.rotate(one, `secret ${number}`, expiresAt));

    const results = await Promise.all([0, 1, 2, 3, 4].map(rotate));

    expect(results.filter((isRotated) => isRotated)).toHaveLength(1);
    const secretHash = `secret ${results.indexOf(true)}`;
    expect(await session(database, "one")).toEqual({ ...one, secretHash, expiresAt });
    expect(await session(database, "other")).toEqual(other);
  });

  test("of a user are deleted when they have expired", async ({ database }) => {
    const ann = await add(database, "ann");
    const bob = await add(database, "bob");
    await addSession(database, ann, "expired", NOON);
    await addSession(database, ann, "good", later(1));
    await addSession(database, bob, "of bob", NOON);
    await database.transaction((stores) => stores.sessions.deleteExpired(ann.id, NOON));

    expect(await session(database, "expired")).toBeNull();
    expect(await session(database, "good")).not.toBeNull();
    expect(await session(database, "of bob")).not.toBeNull();
  });
});
