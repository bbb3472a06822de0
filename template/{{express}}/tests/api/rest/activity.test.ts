import { expect } from "vitest";
import { settled } from "../../events.ts";
import { PASSWORD, type Person } from "../../people.ts";
import { test } from "../../service.ts";

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly user_id: string | null;
  readonly by: string | null;
  readonly time: string;
}

interface Page {
  readonly items: readonly Entry[];
  readonly next_cursor: string | null;
}

/** All pages from the newest on. */
async function pages(person: Person, parameters: Readonly<Record<string, string>> = {}): Promise<(readonly Entry[])[]> {
  const found: (readonly Entry[])[] = [];
  for (let query = new URLSearchParams(parameters); ; ) {
    const response = await person.http.get(`/v1/activity?${query}`);
    expect(response.status).toBe(200);
    const { items, next_cursor: cursor } = (await response.json()) as Page;
    found.push(items);
    if (cursor === null) return found;
    query = new URLSearchParams({ ...parameters, cursor });
  }
}

function cursorTo(...position: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

test("what happened can be read, newest first", async ({ anyone, admin, ann, database }) => {
  await admin.http.send("PATCH", ann.path, { body: { name: "Ann E." } });
  for (const username of [ann.user.email, "nobody"]) {
    await anyone.post("/v1/auth/token", { form: { username, password: `not ${PASSWORD}` } });
  }
  await settled(database);

  const [items = []] = await pages(admin);
  for (const item of items) expect(Object.keys(item).sort()).toEqual(["by", "id", "time", "type", "user_id"]);
  const times = items.map(({ time }) => time);
  expect(times).toEqual([...times].sort().reverse());
  const [adminId, annId] = [admin.user.id, ann.user.id];
  const happened = items.map(({ type, user_id, by }) => [type, user_id, by]);
  expect(happened.sort()).toEqual(
    [
      ["session.refused", null, null],
      ["session.refused", annId, null],
      ["user.updated", annId, adminId],
      ["session.started", annId, annId],
      ["user.created", annId, null],
      ["session.started", adminId, adminId],
      ["user.created", adminId, null],
    ].sort(),
  );
});

test("pages hold everything once", async ({ admin, ann, database }) => {
  for (let number = 0; number < 5; number += 1) {
    await ann.http.send("PATCH", ann.path, { body: { name: `Ann ${number}` } });
  }
  await settled(database);
  const [everything = []] = await pages(admin, { limit: "100" });

  const found = await pages(admin, { limit: "2" });
  expect(found.map((page) => page.length)).toEqual([2, 2, 2, 2, 1]);
  expect(found.flat()).toEqual(everything);
  const ofAnn = await pages(admin, { limit: "3", user: ann.user.id });
  expect(ofAnn.flat()).toEqual(everything.filter(({ user_id }) => user_id === ann.user.id));
});

test("users read about themselves alone", async ({ ann, bob, database }) => {
  await settled(database);

  const [items = []] = await pages(ann, { user: ann.user.id });
  expect(items.map(({ type }) => type)).toEqual(["session.started", "user.created"]);
  for (const query of ["", `?user=${bob.user.id}`, "?user=nobody"]) {
    expect((await ann.http.get(`/v1/activity${query}`)).status).toBe(403);
  }
});

test("nobody reads it without signing in", async ({ anyone }) => {
  expect((await anyone.get("/v1/activity")).status).toBe(401);
});

test.for(["nobody", "\0", "é", "x".repeat(64)])("there is nothing about nobody: %j", async (user, { admin }) => {
  expect(await pages(admin, { user })).toEqual([[]]);
});

test.for([
  { limit: "0" },
  { limit: "101" },
  { user: "" },
  { user: "x".repeat(65) },
  { cursor: "" },
  { cursor: "nonsense" },
  { cursor: cursorTo(1, "no key") },
  { cursor: cursorTo(1, "\ud800") },
  { cursor: cursorTo(1, "\0") },
  { cursor: cursorTo(1, 1) },
])("wrong parameters are refused by name: %j", async (parameters, { admin }) => {
  const response = await admin.http.get(`/v1/activity?${new URLSearchParams(parameters as Record<string, string>)}`);

  expect(response.status).toBe(422);
  expect(await response.text()).toContain(Object.keys(parameters)[0]);
});
