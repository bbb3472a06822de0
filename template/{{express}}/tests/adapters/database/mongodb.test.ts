/** What only MongoDB must see to, which has no transactions across documents here. */

import { MongoClient, MongoServerError, ObjectId } from "mongodb";
import { expect, vi } from "vitest";
import { EVENTFUL, MongoActivityStore } from "../../../src/adapters/database/mongodb/event-stores.ts";
import { unavailableOnFailure } from "../../../src/adapters/database/mongodb/failures.ts";
import { timeCommands } from "../../../src/adapters/database/mongodb/monitoring.ts";
import { connect, createClient, databaseOf, isMigrated, migrate } from "../../../src/adapters/database/mongodb.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import type { User } from "../../../src/domain/users.ts";
import { Metrics } from "../../../src/platform/metrics.ts";
import type { Stores } from "../../../src/ports.ts";
import { type Settings, SettingsError } from "../../../src/settings.ts";
import { ActivityLog, logActivity } from "../../../src/usecases/activity.ts";
import { NOON, newEvent, pending } from "../../events.ts";
import { test } from "../../fixtures.ts";
import { Gate } from "../../gate.ts";
import { withDatabase } from "./mongodb.ts";

/** How many documents there are of those that can hold events. */
function documents(settings: Settings): Promise<number[]> {
  return withDatabase(settings, (database) =>
    Promise.all(EVENTFUL.map((name) => database.collection(name).countDocuments())),
  );
}

async function newUser({ users }: Stores): Promise<User> {
  const id = users.nextId();
  const ann = {
    id,
    email: "ann@example.org",
    name: "Ann",
    role: "user",
    createdAt: NOON,
    version: 1,
    generation: 1,
  } as const;
  await users.add(ann, "hash", newEvent(id));
  return ann;
}

test("what was deleted is there until its events are published", async ({ database, settings }) => {
  const user = await database.transaction(newUser);
  const session = { id: "one", userId: user.id, generation: 1, secretHash: "hash", expiresAt: NOON };
  await database.transaction((stores) => stores.sessions.add(session, newEvent(user.id)));
  expect(await database.transaction((stores) => stores.users.delete(user, newEvent(user.id)))).toBe(true);
  await database.transaction((stores) => stores.outbox.add(newEvent()));

  expect(await documents(settings)).toEqual([1, 1, 1]);
  await database.read(async ({ users, sessions }) => {
    expect(await users.page(null, 10)).toEqual([]);
    expect(await users.get(user.id)).toBeNull();
    expect(await sessions.get("one")).toBeNull();
  });
  const events = await pending(database);
  expect(events).toHaveLength(4);
  await database.transaction(newUser); // Whose address is free already.
  await database.transaction((stores) => stores.outbox.remove(events));
  expect(await documents(settings)).toEqual([1, 0, 0]);
});

test("an entry that comes before its event is not lost when the log is made anew", async ({ database }) => {
  const [hasEntry, mayGoOn] = [new Gate(), new Gate()];
  const handling = database.handleOnce(newEvent(), async (event, stores) => {
    await logActivity(event, stores);
    hasEntry.open();
    await mayGoOn.passed;
  });
  await hasEntry.passed;
  const discard = MongoActivityStore.prototype.discardUnfounded;
  vi.spyOn(MongoActivityStore.prototype, "discardUnfounded").mockImplementation(async function (
    this: MongoActivityStore,
  ) {
    await discard.call(this);
    mayGoOn.open();
    await handling;
  });
  await new ActivityLog(database).rebuild();

  expect(await database.read((stores) => stores.activity.page(null, null, 10))).toHaveLength(1);
});

test("the indexes are made once, and missed when one is not there", async ({ settings }) => {
  await migrate(settings);
  expect(await isMigrated(settings)).toBe(true);
  await withDatabase(settings, (database) => database.collection("activity").dropIndex("time"));
  expect(await isMigrated(settings)).toBe(false);
  await withDatabase(settings, (database) => database.dropCollection("activity"));
  expect(await isMigrated(settings)).toBe(false);
  await migrate(settings);
  expect(await isMigrated(settings)).toBe(true);
});

test("a database that is not there is unavailable", { timeout: 15_000 }, async ({ settings }) => {
  const nowhere = { ...settings, databaseUrl: "mongodb://127.0.0.1:1/nowhere" };
  const database = connect(nowhere, new Metrics());

  await Promise.all([
    expect(database.read((stores) => stores.users.page(null, 1))).rejects.toThrow(Unavailable),
    expect(database.ping()).rejects.toThrow(),
    expect(isMigrated(nowhere)).rejects.toThrow(Unavailable),
  ]);
  await database.close();
});

test("who waits too long for a connection is told so", async ({ settings }) => {
  const database = connect({ ...settings, databasePoolSize: 1, databasePoolTimeoutSeconds: 0.001 }, new Metrics());
  const reading = Array.from({ length: 20 }, () => database.read((stores) => stores.activity.page(null, null, 1)));

  await expect(Promise.all(reading)).rejects.toThrow(new Unavailable("All connections to the database are in use."));
  await Promise.allSettled(reading);
  await database.close();
});

test("connections are counted", async ({ settings }) => {
  const metrics = new Metrics();
  const database = connect(settings, metrics);
  expect(await metrics.render()).not.toMatch(/db_pool_connections.* [1-9]/);
  await database.ping();
  expect(await metrics.render()).toContain('db_pool_connections{state="idle"} 1');
  await database.close();
  expect(await metrics.render()).toContain('db_pool_connections{state="idle"} 0');
});

test("what goes wrong on the way is not taken for an answer", async ({ database }) => {
  const user: User = { ...(await database.transaction(newUser)), email: "bob@example.org" };
  await database.close();

  await expect(database.transaction((stores) => stores.users.add(user, "hash", newEvent()))).rejects.toThrow(
    Unavailable,
  );
  await expect(database.transaction((stores) => stores.leases.take("a", "b", NOON, NOON))).rejects.toThrow(Unavailable);
});

test.for([18, 91, 10107, 11600])("a server that does not serve is unavailable: %d", async (code) => {
  const work = unavailableOnFailure(() => Promise.reject(new MongoServerError({ message: "no luck", code })));

  await expect(work).rejects.toThrow(Unavailable);
});

test("a host that nobody knows is unavailable", async () => {
  const error = Object.assign(new Error("querySrv ENOTFOUND _mongodb._tcp.nowhere"), { syscall: "querySrv" });

  await expect(unavailableOnFailure(() => Promise.reject(error))).rejects.toThrow(Unavailable);
});

test.for([
  new MongoServerError({ message: "a command that is wrong", code: 59 }),
  new TypeError("a bug"),
  Object.assign(new Error("a full disk"), { syscall: "write" }),
])("what is no fault of the database stays what it is: %s", async (error) => {
  await expect(unavailableOnFailure(() => Promise.reject(error))).rejects.toBe(error);
});

test("commands are timed, and shown without their values", async ({ settings }) => {
  const seen: { operation: string; statement: string; milliseconds: number }[] = [];
  const timer = {
    record: (operation: string, statement: () => string, milliseconds: number) => {
      seen.push({ operation, statement: statement(), milliseconds });
    },
  };
  const client = new MongoClient(settings.databaseUrl, { monitorCommands: true });
  timeCommands(client, timer);
  const people = client.db().collection("users");
  const query = { secret: "secret", tags: { $in: ["secret", 1] }, at: { $lt: NOON }, _id: new ObjectId() };
  await people.find(query).sort({ secret: 1 }).toArray();
  await expect(people.aggregate([{ $nonsense: 1 }]).toArray()).rejects.toThrow(MongoServerError);
  await client.close();

  expect(seen.map(({ operation }) => operation)).toEqual(expect.arrayContaining(["find", "aggregate"]));
  const statements = seen.map(({ statement }) => statement);
  expect(statements).toContain("find users filter: {secret: ?, tags: {$in: [?, ?]}, at: {$lt: ?}, _id: ?} sort: ?");
  expect(statements).toContain("aggregate users pipeline: [{$nonsense: ?}]");
  for (const { milliseconds } of seen) expect(milliseconds).toBeGreaterThan(0);
});

test.for([
  ["mongodb://127.0.0.1:27017/shop", "shop"],
  ["mongodb://ann:secret@127.0.0.1/shop?retryWrites=false", "shop"],
  ["mongodb://127.0.0.1:27017", "app"],
  ["mongodb://127.0.0.1:27017/?retryWrites=false", "app"],
] as const)("the database of %s is called %s", ([databaseUrl, name], { settings }) => {
  const other = { ...settings, databaseUrl };

  expect(databaseOf(createClient(other, new Metrics()), other).databaseName).toBe(name);
});

test("a URL that cannot be read is a mistake in the settings, and is not shown", ({ settings }) => {
  const wrong = { ...settings, databaseUrl: "mongodb://ann:secret@/?x" };

  expect(() => connect(wrong, new Metrics())).toThrow(new SettingsError("DATABASE_URL: cannot be read"));
});
