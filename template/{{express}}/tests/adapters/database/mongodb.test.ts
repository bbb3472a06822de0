/** What only MongoDB must see to, which has no transactions across documents here. */

import { expect, vi } from "vitest";
import { EVENTFUL, MongoActivityStore } from "../../../src/adapters/database/mongodb/event-stores.ts";
import { connect, isMigrated, migrate } from "../../../src/adapters/database/mongodb.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import type { User } from "../../../src/domain/users.ts";
import { Metrics } from "../../../src/platform/metrics.ts";
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

test("what was deleted is there until its events are published", async ({ database, settings }) => {
  const user = await database.transaction(async ({ users }) => {
    const id = users.nextId();
    const ann: User = {
      id,
      email: "ann@example.org",
      name: "Ann",
      role: "user",
      createdAt: NOON,
      version: 1,
      generation: 1,
    };
    await users.add(ann, "hash", newEvent(id));
    return ann;
  });
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
  await database.transaction((stores) => stores.outbox.remove(events));
  expect(await documents(settings)).toEqual([0, 0, 0]);
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

test("a URL that cannot be read is a mistake in the settings, and is not shown", ({ settings }) => {
  const wrong = { ...settings, databaseUrl: "mongodb://ann:secret@/?x" };

  expect(() => connect(wrong, new Metrics())).toThrow(new SettingsError("DATABASE_URL: cannot be read"));
});
