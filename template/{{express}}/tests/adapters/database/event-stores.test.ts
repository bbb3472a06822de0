/** What every database promises about events. */

import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { Activity } from "../../../src/domain/activity.ts";
import { EmailTaken } from "../../../src/domain/errors.ts";
import { type DeadLetter, type Event, eventKey } from "../../../src/domain/events.ts";
import type { User } from "../../../src/domain/users.ts";
import type { Database, Stores } from "../../../src/ports.ts";
import { later, NOON, newEvent, pending, TRACE } from "../../events.ts";
import { test } from "../../fixtures.ts";

const SECOND = 1_000;

async function addUserTo(stores: Stores, name: string, event: Event): Promise<User> {
  const id = stores.users.nextId();
  const email = `${name}@example.org`;
  const user: User = { id, email, name, role: "user", createdAt: NOON, version: 1, generation: 1 };
  await stores.users.add(user, "hash", event);
  return user;
}

function addUser(database: Database, name: string, event: Event): Promise<User> {
  return database.transaction((stores) => addUserTo(stores, name, event));
}

function replace(database: Database, user: User, event = newEvent()): Promise<boolean> {
  return database.transaction((stores) => stores.users.replace(user, event));
}

function deleteUser(database: Database, user: User, event = newEvent()): Promise<boolean> {
  return database.transaction((stores) => stores.users.delete(user, event));
}

function addEvent(database: Database, event: Event): Promise<void> {
  return database.transaction((stores) => stores.outbox.add(event));
}

function removeEvents(database: Database, events: readonly Event[]): Promise<void> {
  return database.transaction((stores) => stores.outbox.remove(events));
}

/** As a handler that has nothing to do. */
async function ignore(): Promise<void> {}

function newLetter(more: Partial<DeadLetter> = {}): DeadLetter {
  const id = randomUUID().replaceAll("-", "");
  return { id, body: Buffer.from("body"), error: "Error: no luck", attempts: 5, parkedAt: NOON, ...more };
}

function newEntry(userId: string | null = "ann", time = NOON): Activity {
  return { key: randomBytes(16).toString("hex"), id: "1", type: "user.created", userId, by: null, time };
}

async function put(database: Database, ...entries: readonly Activity[]): Promise<void> {
  for (const entry of entries) await database.transaction((stores) => stores.activity.put(entry));
}

function allActivity(database: Database): Promise<readonly Activity[]> {
  return database.read((stores) => stores.activity.page(null, null, 100));
}

/** As the activity log lists them. */
function newestFirst(one: Activity, other: Activity): number {
  return other.time.getTime() - one.time.getTime() || (one.key < other.key ? 1 : -1);
}

describe("the outbox", () => {
  test("keeps an event as it was stored until it is removed", async ({ database }) => {
    const data = {
      text: "é😀\0",
      list: [1, 2.5, null, true],
      nested: { a: { b: "" } },
      large: 2 ** 70,
      $set: { "a.b": 1 },
    };
    const one: Event = { ...newEvent("ann"), data, trace: TRACE };
    const other: Event = { ...newEvent(""), time: later(SECOND) };
    for (const event of [one, other]) await addEvent(database, event);

    expect(await pending(database)).toEqual([one, other]);
    await removeEvents(database, [one]);
    expect(await pending(database)).toEqual([other]);
    await removeEvents(database, [one, other]);
    expect(await pending(database)).toEqual([]);
  });

  test("hands out the oldest events first", async ({ database }) => {
    const events = Array.from({ length: 9 }, (_, number) => ({
      ...newEvent(`user ${number % 3}`),
      time: later(number),
    }));
    for (const event of events) await addEvent(database, event);

    expect(await database.read((stores) => stores.outbox.pending(4))).toEqual(events.slice(0, 4));
  });

  test("keeps the order of a record's events even if clocks do not agree", async ({ database }) => {
    const [created, updated, deleted] = [0, -1, -2].map((seconds) => ({
      ...newEvent("ann"),
      time: later(seconds * SECOND),
    })) as [Event, Event, Event];
    const ann = await addUser(database, "ann", created);
    expect(await replace(database, { ...ann, name: "Ann E.", version: 2 }, updated)).toBe(true);
    expect(await deleteUser(database, { ...ann, version: 2 }, deleted)).toBe(true);

    expect(await pending(database)).toEqual([created, updated, deleted]);
    for (const event of [created, updated, deleted]) {
      expect((await pending(database))[0]).toEqual(event);
      await removeEvents(database, [event]);
    }
  });

  test("has an event exactly if its change is there", async ({ database }) => {
    const failing = database.transaction(async (stores) => {
      await addUserTo(stores, "ann", newEvent("ann"));
      throw new Error("no luck");
    });
    await expect(failing).rejects.toThrow("no luck");

    const account = await database.read((stores) => stores.users.findAccount("ann@example.org"));
    expect(await pending(database)).toHaveLength(account ? 1 : 0);
  });

  test("has no event of a change that does not happen", async ({ database }) => {
    const [created, other] = [newEvent("ann"), newEvent("bob")];
    const ann = await addUser(database, "ann", created);
    const bob = await addUser(database, "bob", other);

    await expect(addUser(database, "ann", newEvent())).rejects.toThrow(EmailTaken);
    await expect(replace(database, { ...bob, email: ann.email, version: 2 })).rejects.toThrow(EmailTaken);
    expect(await replace(database, { ...ann, name: "Late", version: 5 })).toBe(false);
    expect(await deleteUser(database, { ...ann, version: 5 })).toBe(false);
    const ids = (await pending(database)).map((event) => event.id);
    expect(ids.sort()).toEqual([created.id, other.id].sort());
  });

  test("has one event of changes at the same time", async ({ database }) => {
    const ann = await addUser(database, "ann", newEvent("ann"));
    const change = (number: number) =>
      replace(database, { ...ann, name: `Ann ${number}`, version: 2 }, { ...newEvent("ann"), id: `change ${number}` });

    const results = await Promise.all([0, 1, 2, 3, 4].map(change));

    const ids = (await pending(database)).map((event) => event.id);
    expect(ids.slice(1)).toEqual([`change ${results.indexOf(true)}`]);
  });

  test("tells who waits of a new event", async ({ database }) => {
    await database.waitForEvents(10);
    const waiting = database.waitForEvents(60_000);
    await setTimeout(10);
    await addEvent(database, newEvent());

    await waiting;
  });

  test("lets nobody wait who is told to stop", async ({ database }) => {
    await database.waitForEvents(60_000, AbortSignal.timeout(20));
  });
});

describe("the inbox", () => {
  test("lets an event be handled once", async ({ database }) => {
    const event = newEvent();

    expect(await database.handleOnce(event, ignore)).toBe(true);
    expect(await database.handleOnce(event, ignore)).toBe(false);
    expect(await database.handleOnce({ ...event, source: "/elsewhere" }, ignore)).toBe(true);
  });

  test("lets an event that comes many times at once be new once", async ({ database }) => {
    const entry = newEntry();
    const event = newEvent();

    const results = await Promise.all(
      Array.from({ length: 10 }, () => database.handleOnce(event, (_, stores) => stores.activity.put(entry))),
    );

    expect(results.filter((isNew) => isNew)).toHaveLength(1);
    expect(await allActivity(database)).toEqual([entry]);
  });

  test("knows nothing of an event whose handler has failed", async ({ database }) => {
    const event = newEvent();
    const failing = database.handleOnce(event, async () => {
      throw new Error("no luck");
    });
    await expect(failing).rejects.toThrow("no luck");

    expect(await database.read((stores) => stores.inbox.page("", [event.type], 10))).toEqual([]);
    expect(await database.handleOnce(event, ignore)).toBe(true);
  });

  test("can be read page by page", async ({ database }) => {
    const events: Event[] = Array.from({ length: 5 }, (_, number) => ({
      ...newEvent(`user ${number}`),
      data: { number },
    }));
    for (const event of [...events, newEvent("somebody", "another.type")]) await database.handleOnce(event, ignore);
    const expected = events.sort((one, other) => (eventKey(one) < eventKey(other) ? -1 : 1));
    const [, second] = expected as [Event, Event];

    await database.read(async ({ inbox }) => {
      expect(await inbox.page("", [second.type], 10)).toEqual(expected);
      expect(await inbox.page(eventKey(second), [second.type], 2)).toEqual(expected.slice(2, 4));
      expect(await inbox.page("", [second.type, "another.type"], 10)).toHaveLength(6);
    });
  });
});

describe("dead letters", () => {
  const list = (database: Database, limit = 10) => database.read((stores) => stores.deadLetters.list(limit));

  test("stay until they are removed", async ({ database }) => {
    const letter = newLetter({ body: Buffer.from([0x00, 0xff, 0x20, 0x41]) });
    await database.transaction((stores) => stores.deadLetters.add(letter));

    const found = await database.read((stores) => stores.deadLetters.get(letter.id));
    expect(found).toEqual({ ...letter, body: expect.any(Uint8Array) });
    expect(Buffer.from(found?.body ?? [])).toEqual(letter.body);
    expect(await database.read((stores) => stores.deadLetters.get("unknown"))).toBeNull();
    await database.transaction((stores) => stores.deadLetters.remove(letter.id));
    await database.transaction((stores) => stores.deadLetters.remove("unknown"));
    expect(await list(database)).toEqual([]);
  });

  test("are listed oldest first", async ({ database }) => {
    const letters = [2, 0, 1].map((seconds) => newLetter({ parkedAt: later(seconds * SECOND) }));
    for (const letter of letters) await database.transaction((stores) => stores.deadLetters.add(letter));
    const [last, first, second] = letters.map(({ id }) => id);

    expect((await list(database)).map(({ id }) => id)).toEqual([first, second, last]);
    expect((await list(database, 1)).map(({ id }) => id)).toEqual([first]);
  });
});

describe("activity", () => {
  test("has one entry of each key, the last one", async ({ database }) => {
    const entry = newEntry();
    const following = { ...entry, userId: null, by: "admin", time: later(SECOND) };
    await put(database, entry, following);

    expect(await allActivity(database)).toEqual([following]);
  });

  test("is newest first, and goes on behind the cursor", async ({ database }) => {
    const entries = Array.from({ length: 9 }, (_, number) =>
      newEntry(number % 2 ? "ann" : "bob", later(Math.floor(number / 3))),
    );
    await put(database, ...entries);
    const expected = entries.sort(newestFirst);
    const ofAnn = expected.filter((entry) => entry.userId === "ann");
    const [first] = ofAnn as [Activity];

    expect(await allActivity(database)).toEqual(expected);
    await database.read(async ({ activity }) => {
      for (const [position, { time, key }] of expected.entries()) {
        const page = await activity.page(null, { createdAt: time, id: key }, 4);
        expect(page).toEqual(expected.slice(position + 1, position + 5));
      }
      expect(await activity.page("ann", null, 10)).toEqual(ofAnn);
      expect(await activity.page("ann", { createdAt: first.time, id: first.key }, 2)).toEqual(ofAnn.slice(1, 3));
      for (const nobody of ["carl", "\0", "é"]) expect(await activity.page(nobody, null, 10)).toEqual([]);
    });
  });

  test("can be rid of entries without an event", async ({ database }) => {
    const event = newEvent();
    const [founded, unfounded] = [{ ...newEntry(), key: eventKey(event) }, newEntry()];
    await put(database, founded, unfounded);
    await database.handleOnce(event, ignore);
    await database.transaction((stores) => stores.activity.discardUnfounded());

    expect(await allActivity(database)).toEqual([founded]);
  });
});

describe("a lease", () => {
  function take(database: Database, owner: string, now: Date, name = "relay"): Promise<boolean> {
    const until = new Date(now.getTime() + SECOND);
    return database.transaction((stores) => stores.leases.take(name, owner, now, until));
  }

  test("is one owner's until it runs out", async ({ database }) => {
    expect(await take(database, "one", NOON)).toBe(true);
    expect(await take(database, "other", later(SECOND - 1))).toBe(false);
    expect(await take(database, "one", later(SECOND / 2))).toBe(true);
    expect(await take(database, "other", later(SECOND))).toBe(false);
    expect(await take(database, "other", later(SECOND * 1.5))).toBe(true);
    expect(await take(database, "one", later(SECOND * 1.5))).toBe(false);
    expect(await take(database, "one", NOON, "another lease")).toBe(true);
  });

  test("can be given back by its owner", async ({ database }) => {
    await take(database, "one", NOON);
    await database.transaction((stores) => stores.leases.giveBack("relay", "other"));
    expect(await take(database, "third", NOON)).toBe(false);
    await database.transaction((stores) => stores.leases.giveBack("relay", "one"));
    expect(await take(database, "third", NOON)).toBe(true);
  });

  test("goes to one of many who want it", async ({ database }) => {
    // A new one, and one that has run out.
    for (const moment of [NOON, later(SECOND)]) {
      const owners = [0, 1, 2, 3, 4].map((number) => `${number} at ${moment.toISOString()}`);
      const results = await Promise.all(owners.map((owner) => take(database, owner, moment)));
      expect(results.filter((isTaken) => isTaken)).toHaveLength(1);
    }
  });
});
