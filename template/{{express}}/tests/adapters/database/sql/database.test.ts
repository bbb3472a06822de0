import { expect, vi } from "vitest";
import { SqlUserStore } from "../../../../src/adapters/database/sql/stores.ts";
import { NotFound } from "../../../../src/domain/errors.ts";
import { Metrics } from "../../../../src/platform/metrics.ts";
import { newEvent, pending, settled } from "../../../events.ts";
import { PASSWORD } from "../../../people.ts";
import { sample } from "../../../samples.ts";
import { test } from "../../../service.ts";
import { connectDatabase } from "../../../wiring.ts";

test("what breaks in a unit of work is undone", async ({ admin, service, database, localBus }) => {
  await settled(database);
  const add = SqlUserStore.prototype.add;
  vi.spyOn(SqlUserStore.prototype, "add").mockImplementation(async function (this: SqlUserStore, user, ...others) {
    await add.call(this, user, ...others);
    expect(await this.get(user.id)).toEqual(user);
    throw new Error("after the row was written");
  });
  const body = { email: "new@example.org", name: "New", password: PASSWORD };
  const response = await admin.http.post("/v1/users", { body });

  expect(response.status).toBe(500);
  expect((await service.users.page(admin.user, undefined, 10)).items).toEqual([admin.user]);
  expect(await pending(database)).toEqual([]);
  expect(localBus.published.map(({ type }) => type)).toEqual(["user.created", "session.started"]); // Of the admin.
});

test("a session needs its user", async ({ database }) => {
  const adding = database.transaction((stores) => {
    const userId = stores.users.nextId();
    const session = { id: "one", userId, generation: 1, secretHash: "hash", expiresAt: new Date() };
    return stores.sessions.add(session, newEvent());
  });

  await expect(adding).rejects.toThrow(NotFound);
});

test("every statement is timed", async ({ settings }) => {
  const metrics = new Metrics();
  const database = connectDatabase(settings, metrics);
  await database.read((stores) => stores.users.page(null, 1));
  await database.transaction((stores) => stores.outbox.add(newEvent()));
  await database.close();

  for (const operation of ["SELECT", "INSERT"]) {
    expect(await sample(metrics, "db_statement_duration_seconds_count", { operation })).toBe(1);
  }
});

test("it answers", async ({ database }) => {
  await database.ping();
});
