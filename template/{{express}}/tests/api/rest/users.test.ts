import { describe, expect } from "vitest";
import { PASSWORD, type Person } from "../../people.ts";
import { test } from "../../service.ts";

const NEW = { email: "New@example.org", name: "New", password: PASSWORD };

function shown({ user }: Person): object {
  const { id, email, name, role, createdAt } = user;
  return { id, email, name, role, created_at: createdAt.toISOString() };
}

describe("creating", () => {
  test("a new user is answered, and where to find them", async ({ admin }) => {
    const created = await admin.http.post("/v1/users", { body: NEW });
    const user = (await created.json()) as { id: string };

    expect(created.status).toBe(201);
    expect(user).toEqual({
      id: expect.any(String),
      email: "new@example.org",
      name: "New",
      role: "user",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(created.headers.get("Location")).toBe(`/v1/users/${user.id}`);
    expect(created.headers.get("ETag")).toBe('"1"');
  });

  test("a repeated request is answered as before", async ({ admin }) => {
    const headers = { "Idempotency-Key": "this-one" };
    const first = await admin.http.post("/v1/users", { body: NEW, headers });
    const second = await admin.http.post("/v1/users", { body: NEW, headers });
    const other = await admin.http.post("/v1/users", { body: { ...NEW, name: "Other" }, headers });

    expect([second.status, await second.json()]).toEqual([201, await first.json()]);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({
      type: "urn:problem-type:key-reused",
      errors: [{ in: "header", field: "Idempotency-Key" }],
    });
  });

  test("an address is taken once", async ({ admin }) => {
    await admin.http.post("/v1/users", { body: NEW });
    const again = await admin.http.post("/v1/users", { body: { ...NEW, email: "NEW@example.org" } });

    expect([again.status, await again.json()]).toMatchObject([409, { type: "urn:problem-type:email-taken" }]);
  });

  test("characters are counted, not the halves of them", async ({ admin }) => {
    const longest = await admin.http.post("/v1/users", { body: { ...NEW, name: "😀".repeat(100) } });
    const longer = await admin.http.post("/v1/users", { body: { ...NEW, name: "😀".repeat(101) } });

    expect(longest.status).toBe(201);
    expect([longer.status, await longer.json()]).toMatchObject([
      422,
      { errors: [{ in: "body", field: "name", detail: "must have at most 100 characters" }] },
    ]);
  });
});

describe("reading", () => {
  test("one reads oneself, with the version", async ({ ann }) => {
    for (const path of ["/v1/users/me", ann.path]) {
      const answer = await ann.http.get(path);
      expect([answer.status, answer.headers.get("ETag"), await answer.json()]).toEqual([200, '"1"', shown(ann)]);
    }
  });

  test("nobody reads others, existing or not", async ({ ann, bob }) => {
    for (const path of [bob.path, "/v1/users/nobody"]) expect((await ann.http.get(path)).status).toBe(403);
  });

  test.for(["nobody", "%00", "%FF", "00000000-0000-4000-8000-000000000000"])(
    "nobody has the id %s",
    async (id, { admin }) => {
      expect((await admin.http.get(`/v1/users/${id}`)).status).toBe(404);
    },
  );

  test("a list is read page by page, newest first", async ({ admin, ann, bob }) => {
    const first = await admin.http.get("/v1/users?limit=2");
    const page = (await first.json()) as { items: object[]; next_cursor: string };
    const rest = await admin.http.get(`/v1/users?limit=2&cursor=${page.next_cursor}`);

    const everybody = [...page.items, ...((await rest.json()) as { items: object[] }).items];
    expect(everybody).toHaveLength(3);
    for (const person of [admin, ann, bob]) expect(everybody).toContainEqual(shown(person));
  });

  test.for(["0", "101", "", "x", "1.5", "0x10", " 1", "1e1"])("the limit is no %j", async (limit, { admin }) => {
    const answer = await admin.http.get(`/v1/users?limit=${limit}&cursor=!`);
    const { errors } = (await answer.json()) as { errors: { field: string }[] };

    expect([answer.status, errors.map(({ field }) => field).sort()]).toEqual([422, ["cursor", "limit"]]);
  });

  test("of a repeated parameter the last one counts, and unknown ones are ignored", async ({ admin, ann }) => {
    const answer = await admin.http.get("/v1/users?limit=0&limit=1&other=2");

    expect(ann.user.version).toBe(1);
    expect(((await answer.json()) as { items: object[] }).items).toHaveLength(1);
  });
});

describe("changing and deleting", () => {
  test("a change needs the version that it was made from", async ({ ann }) => {
    const change = (name: string, version: string) =>
      ann.http.send("PATCH", ann.path, { body: { name }, headers: { "If-Match": version } });
    const changed = await change("Ann E.", '"1"');

    expect([changed.status, changed.headers.get("ETag")]).toEqual([200, '"2"']);
    for (const version of ['"1"', 'W/"2"', "2", '"02"', "", '"x"']) {
      expect([version, (await change("Ann F.", version)).status]).toEqual([version, 412]);
    }
    for (const version of ['"7", "2"', '"3"', "*"]) expect((await change(`Ann ${version}`, version)).status).toBe(200);
  });

  test("the password is changed by who knows it", async ({ ann, anyone }) => {
    const password = "another horse, another battery";
    const refused = await ann.http.send("PATCH", ann.path, { body: { password } });
    expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ field: "current_password" }] }]);
    const changed = await ann.http.send("PATCH", ann.path, { body: { password, current_password: PASSWORD } });
    expect(changed.status).toBe(200);

    const form = { username: ann.user.email, password };
    expect((await anyone.post("/v1/auth/token", { form })).status).toBe(200);
  });

  test("nobody makes an admin of themselves", async ({ ann }) => {
    expect((await ann.http.send("PATCH", ann.path, { body: { role: "admin" } })).status).toBe(403);
  });

  test("a field may be left out, but not be null", async ({ ann }) => {
    const answer = await ann.http.send("PATCH", ann.path, { body: { name: null } });

    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      { errors: [{ in: "body", field: "name", detail: "must be of the type string" }] },
    ]);
  });

  test("who is deleted is gone", async ({ admin, ann }) => {
    const deleted = await admin.http.send("DELETE", ann.path);

    expect([deleted.status, await deleted.text()]).toEqual([204, ""]);
    expect((await admin.http.get(ann.path)).status).toBe(404);
    expect((await ann.http.get("/v1/users/me")).status).toBe(401);
  });
});
