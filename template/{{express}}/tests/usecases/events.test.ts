/** Which events tell of what happens, and that they do so exactly if it does. */

import { expect } from "vitest";
import { SOURCE } from "../../src/about.ts";
import { EmailTaken, Forbidden, NotFound, Stale, WrongCredentials } from "../../src/domain/errors.ts";
import {
  type Event,
  SESSION_REFUSED,
  SESSION_STARTED,
  USER_CREATED,
  USER_DELETED,
  USER_UPDATED,
} from "../../src/domain/events.ts";
import type { NewUser, User } from "../../src/domain/users.ts";
import * as traceContext from "../../src/platform/trace-context.ts";
import { settled, TRACE } from "../events.ts";
import { PASSWORD } from "../people.ts";
import { test as base } from "../service.ts";

const NEW: NewUser = { email: "New@Example.org", name: "New", password: PASSWORD, role: "user" };
const OTHER_PASSWORD = "another horse, another battery";

/** Gives the events since it was asked for the last time; the first ones tell of the admin and of Ann. */
const test = base.extend("published", async ({ admin, ann, database, localBus }) => {
  async function published(): Promise<Event[]> {
    await settled(database);
    return localBus.published.splice(0);
  }
  await published();
  return Object.assign(published, { people: [admin, ann] });
});

function known({ id, email, name, role }: User): object {
  return { user_id: id, email, name, role };
}

test("who is created", async ({ published, service, admin }) => {
  const created = await traceContext.bound(TRACE, () => service.users.create(admin.user, NEW, "key"));
  await service.users.create(admin.user, NEW, "key");

  const [event, ...others] = await published();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    source: SOURCE,
    type: USER_CREATED,
    subject: created.id,
    time: created.createdAt,
    trace: TRACE,
  });
  expect(event?.data).toEqual({ by: admin.user.id, ...known(created) });
  expect(event?.data).toMatchObject({ email: "new@example.org", name: "New", role: "user" });
});

test("who is created by the service itself", async ({ published, service }) => {
  await service.users.add(NEW);

  expect(await published()).toMatchObject([{ type: USER_CREATED, data: { by: null } }]);
});

test("what is changed", async ({ published, service, admin, ann: { user: ann } }) => {
  await service.users.update(ann, ann.id, { name: "Ann E." });
  await service.users.update(ann, ann.id, { name: "Ann E." });
  await service.users.update(admin.user, ann.id, { role: "admin", password: OTHER_PASSWORD });

  const [first, second, ...others] = await published();
  expect(others).toEqual([]);
  expect(first).toMatchObject({ type: USER_UPDATED, subject: ann.id });
  const once = { ...known(ann), name: "Ann E." };
  expect(first?.data).toEqual({ ...once, by: ann.id, changed: ["name"] });
  expect(second?.data).toEqual({ ...once, role: "admin", by: admin.user.id, changed: ["password", "role"] });
});

test("that a password is changed, by its owner alone", async ({ published, service, ann: { user: ann } }) => {
  await service.users.update(ann, ann.id, { password: OTHER_PASSWORD, currentPassword: PASSWORD });

  const found = await published();
  expect(found.map(({ data }) => data["changed"])).toEqual([["password"]]);
  expect(JSON.stringify(found)).not.toContain("horse");
});

test("who is deleted", async ({ published, service, admin, ann }) => {
  await service.users.delete(admin.user, ann.user.id);

  const [event, ...others] = await published();
  expect(others).toEqual([]);
  expect(event).toMatchObject({ type: USER_DELETED, subject: ann.user.id });
  expect(event?.data).toEqual({ user_id: ann.user.id, by: admin.user.id });
});

test("who signs in", async ({ published, service, ann: { user: ann } }) => {
  const tokens = await service.sessions.signIn(ann.email, PASSWORD);
  await service.sessions.refresh(tokens.refreshToken);

  const [event, ...others] = await published();
  expect(others).toEqual([]);
  expect(event).toMatchObject({ type: SESSION_STARTED, subject: ann.id });
  expect(event?.data).toEqual({ user_id: ann.id, by: ann.id });
});

test("who is refused", async ({ published, service, ann: { user: ann } }) => {
  for (const email of ["who put their password here", ann.email]) {
    await expect(service.sessions.signIn(email, OTHER_PASSWORD)).rejects.toThrow(WrongCredentials);
  }

  const found = await published();
  const told = found.map(({ type, subject, data }) => ({ type, subject, data }));
  expect(told).toHaveLength(2);
  expect(told).toContainEqual({ type: SESSION_REFUSED, subject: "", data: { user_id: null, by: null } });
  expect(told).toContainEqual({ type: SESSION_REFUSED, subject: ann.id, data: { user_id: ann.id, by: null } });
  expect(JSON.stringify(found)).not.toContain("password");
});

test("nothing of what does not happen", async ({ published, service: { users }, admin, ann: { user: ann } }) => {
  const taken: NewUser = { ...NEW, email: ann.email };
  const another = new Set([7]);

  await expect(users.create(ann, NEW)).rejects.toThrow(Forbidden);
  await expect(users.create(admin.user, taken)).rejects.toThrow(EmailTaken);
  await expect(users.update(ann, ann.id, { email: admin.user.email })).rejects.toThrow(EmailTaken);
  await expect(users.update(ann, ann.id, { name: "Late" }, another)).rejects.toThrow(Stale);
  await expect(users.delete(ann, ann.id, another)).rejects.toThrow(Stale);
  await expect(users.delete(admin.user, "nobody")).rejects.toThrow(NotFound);
  expect(await published()).toEqual([]);
});

test("changes at the same time, in their order", async ({ published, service, ann: { user: ann } }) => {
  const changes = [0, 1, 2, 3, 4].map((number) => service.users.update(ann, ann.id, { name: `Ann ${number}` }));
  const changed = await Promise.all(changes);

  const inOrder = changed.sort((one, other) => one.version - other.version).map(({ name }) => name);
  expect((await published()).map(({ data }) => data["name"])).toEqual(inOrder);
});

test("the trace of the request that caused it", async ({ published, ann }) => {
  for (const [name, traceparent] of [
    ["Ann E.", TRACE],
    ["Ann", "nonsense"],
  ] as const) {
    await ann.http.send("PATCH", ann.path, { body: { name }, headers: { traceparent } });
  }

  expect((await published()).map(({ trace }) => trace)).toEqual([TRACE, null]);
});

test("what needs no outbox", async ({ published, service }) => {
  await traceContext.bound(TRACE, () => service.events.publishEvent("something.happened", { a: 1 }, "ann"));

  expect(await published()).toMatchObject([
    { source: SOURCE, type: "something.happened", subject: "ann", data: { a: 1 }, trace: TRACE },
  ]);
});
