import { describe, expect } from "vitest";
import { EmailTaken, Forbidden, InvalidField, KeyReused, NotFound, Stale } from "../../src/domain/errors.ts";
import type { NewUser, UserChanges } from "../../src/domain/users.ts";
import { PASSWORD } from "../people.ts";
import { sample } from "../samples.ts";
import { test } from "../service.ts";

const NEW: NewUser = { email: "New@Example.org", name: "New", password: PASSWORD, role: "user" };
const OTHER: NewUser = { ...NEW, email: "other@example.org" };
const OTHER_PASSWORD = "another horse, another battery";

describe("who may do what", () => {
  test("only admins create and list users", async ({ service: { users }, ann }) => {
    await expect(users.create(ann.user, NEW)).rejects.toThrow(Forbidden);
    await expect(users.page(ann.user, undefined, 10)).rejects.toThrow(Forbidden);
  });

  test("nobody but admins touches others", async ({ service: { users }, ann, bob }) => {
    await expect(users.get(ann.user, bob.user.id)).rejects.toThrow(Forbidden);
    await expect(users.update(ann.user, bob.user.id, { name: "Robert" })).rejects.toThrow(Forbidden);
    await expect(users.delete(ann.user, bob.user.id)).rejects.toThrow(Forbidden);
    await expect(users.get(ann.user, "nobody")).rejects.toThrow(Forbidden); // Not even to learn that there is none.
  });

  test("admins and users themselves read a user", async ({ service: { users }, admin, ann }) => {
    expect(await users.get(ann.user, ann.user.id)).toEqual(ann.user);
    expect(await users.get(admin.user, ann.user.id)).toEqual(ann.user);
  });

  test("only admins change roles", async ({ service: { users }, admin, ann }) => {
    await expect(users.update(ann.user, ann.user.id, { role: "admin" })).rejects.toThrow(Forbidden);

    expect(await users.update(admin.user, ann.user.id, { role: "admin" })).toMatchObject({ role: "admin" });
  });
});

describe("creating", () => {
  test("a new user is stored", async ({ service: { users, sessions }, admin }) => {
    const created = await users.create(admin.user, NEW);

    expect(await users.get(admin.user, created.id)).toEqual(created);
    expect(created).toMatchObject({ email: "new@example.org", name: "New", role: "user", version: 1, generation: 1 });
    expect(await sessions.signIn("new@example.org", PASSWORD)).toBeTruthy();
  });

  test("an address belongs to one user in whatever case", async ({ service: { users }, admin }) => {
    await users.create(admin.user, NEW);

    await expect(users.create(admin.user, { ...NEW, email: "nEW@example.ORG" })).rejects.toThrow(EmailTaken);
  });

  test("a repeated creation answers the same user", async ({ service: { users }, admin }) => {
    const created = await users.create(admin.user, NEW, "key");

    expect(await users.create(admin.user, NEW, "key")).toEqual(created);
  });

  test("a creation that is sent many times at once happens once", async ({ service: { users }, admin }) => {
    const created = await Promise.all(Array.from({ length: 10 }, () => users.create(admin.user, NEW, "key")));

    expect(new Set(created.map(({ id }) => id)).size).toBe(1);
  });

  test.for<NewUser>([OTHER, { ...NEW, password: OTHER_PASSWORD }, { ...NEW, role: "admin" }])(
    "a key stands for one content, and not for %j too",
    async (other, { service: { users }, admin }) => {
      await users.create(admin.user, NEW, "key");

      await expect(users.create(admin.user, other, "key")).rejects.toThrow(KeyReused);
    },
  );

  test("two callers may use the same key", async ({ service: { users }, admin }) => {
    const second = await users.add({ ...NEW, email: "admin2@example.org", role: "admin" });
    await users.create(admin.user, NEW, "key");

    expect(await users.create(second, OTHER, "key")).toMatchObject({ email: OTHER.email });
  });

  test("a key does not bring back who was deleted", async ({ service: { users }, admin }) => {
    const { id } = await users.create(admin.user, NEW, "key");
    await users.delete(admin.user, id);

    expect((await users.create(admin.user, NEW, "key")).id).not.toBe(id);
  });

  test("another user with the address is no repetition", async ({ service: { users }, admin }) => {
    await users.create(admin.user, NEW);

    await expect(users.create(admin.user, NEW, "key")).rejects.toThrow(EmailTaken);
  });
});

describe("changing", () => {
  test("a change raises the version and leaves the rest", async ({ service: { users }, ann: { user } }) => {
    const changed = await users.update(user, user.id, { name: "Ann E.", email: "ANN.E@example.org" });

    expect(changed).toEqual({ ...user, name: "Ann E.", email: "ann.e@example.org", version: user.version + 1 });
  });

  test.for<UserChanges>([{}, { name: "ann" }, { email: "ANN@example.org" }, { currentPassword: "x" }])(
    "what changes nothing is no new version: %j",
    async (changes, { service: { users }, ann: { user } }) => {
      expect(await users.update(user, user.id, changes)).toEqual(user);
    },
  );

  test("nobody takes the address of another", async ({ service: { users }, ann: { user }, bob }) => {
    await expect(users.update(user, user.id, { email: bob.user.email.toUpperCase() })).rejects.toThrow(EmailTaken);
  });

  test("a change is seen at once in spite of the cache", async ({ service: { users }, admin, ann: { user } }) => {
    await users.get(admin.user, user.id);
    await users.update(admin.user, user.id, { name: "Ann E." });
    expect(await users.get(admin.user, user.id)).toMatchObject({ name: "Ann E." });
    await users.delete(admin.user, user.id);

    await expect(users.get(admin.user, user.id)).rejects.toThrow(NotFound);
  });

  test("who is read again comes from the cache", async ({ service: { users, metrics }, admin, ann }) => {
    for (let time = 0; time < 3; time += 1) await users.get(admin.user, ann.user.id);

    const count = (result: string) =>
      sample(metrics, "cache_requests_total", { function: "usecases.users.find", result });
    expect([await count("miss"), await count("hit")]).toEqual([1, 2]);
  });

  test("a new password replaces the old one", async ({ service: { users, sessions }, ann: { user } }) => {
    const changes = { password: OTHER_PASSWORD, currentPassword: PASSWORD };

    expect((await users.update(user, user.id, changes)).generation).toBe(user.generation + 1);
    expect(await sessions.signIn(user.email, OTHER_PASSWORD)).toBeTruthy();
    await expect(sessions.signIn(user.email, PASSWORD)).rejects.toThrow(/wrong/);
  });

  test.for<UserChanges>([{}, { currentPassword: OTHER_PASSWORD }])(
    "one's own password is changed by who knows it: %j",
    async (current, { service: { users, sessions }, admin, ann }) => {
      for (const { user } of [ann, admin]) {
        const changing = users.update(user, user.id, { password: OTHER_PASSWORD, ...current });
        await expect(changing).rejects.toThrow(InvalidField);
        await expect(changing).rejects.toMatchObject({ field: "current_password" });
        expect(await sessions.signIn(user.email, PASSWORD)).toBeTruthy();
      }
    },
  );

  test("admins set the password of others", async ({ service: { users, sessions }, admin, ann }) => {
    await users.update(admin.user, ann.user.id, { password: OTHER_PASSWORD });

    expect(await sessions.signIn(ann.user.email, OTHER_PASSWORD)).toBeTruthy();
  });

  test("who is gone cannot be changed", async ({ service: { users }, admin, ann: { user } }) => {
    await users.delete(admin.user, user.id);
    const password = { password: OTHER_PASSWORD, currentPassword: PASSWORD };

    await expect(users.update(admin.user, user.id, { name: "Ann E." })).rejects.toThrow(NotFound);
    await expect(users.update(user, user.id, password)).rejects.toThrow(NotFound);
    await expect(users.delete(admin.user, user.id)).rejects.toThrow(NotFound);
    await expect(users.delete(admin.user, "no id at all")).rejects.toThrow(NotFound);
  });
});

describe("versions", () => {
  test("a condition names the versions that may be changed", async ({ service: { users }, ann: { user } }) => {
    const changed = await users.update(user, user.id, { name: "Ann 2" }, new Set([1, 7]));

    for (const versions of [new Set([1]), new Set([1, 3]), new Set<number>()]) {
      await expect(users.update(user, user.id, { name: "Ann 3" }, versions)).rejects.toThrow(Stale);
      await expect(users.delete(user, user.id, versions)).rejects.toThrow(Stale);
    }
    expect(await users.update(user, user.id, {})).toEqual(changed);
    await users.delete(user, user.id, new Set([2]));
  });

  test("of changes under the same condition one happens", async ({ service: { users }, ann: { user } }) => {
    const change = (_: unknown, number: number) => users.update(user, user.id, { name: `Ann ${number}` }, new Set([1]));
    const results = await Promise.allSettled(Array.from({ length: 5 }, change));

    const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(reasons.map((reason) => reason.constructor)).toEqual(Array(4).fill(Stale));
  });

  test("changes without a condition all happen", async ({ service: { users }, ann: { user } }) => {
    const change = (_: unknown, number: number) => users.update(user, user.id, { name: `Ann ${number}` });
    const changed = await Promise.all(Array.from({ length: 5 }, change));

    expect(changed.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5, 6]);
  });
});
