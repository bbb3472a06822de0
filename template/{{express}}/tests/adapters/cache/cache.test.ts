/** What every cache promises. */

import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import type { Cache } from "../../../src/ports.ts";
import { test } from "../../service.ts";

const MINUTE = 60_000;

async function keep(cache: Cache, key: string, value: string, milliseconds = MINUTE): Promise<void> {
  const lease = await cache.lease(key, MINUTE);
  await cache.put(key, value, milliseconds, lease ?? "none");
}

test("a value comes back as it was", async ({ cache }) => {
  for (const value of ["", "{}", "é 😀 \0 \n"]) {
    await keep(cache, `key of ${value}`, value);
    expect(await cache.get(`key of ${value}`)).toBe(value);
  }
  expect(await cache.get("another")).toBeNull();
});

test("a value expires", async ({ cache }) => {
  await keep(cache, "key", "value", 50);
  expect(await cache.get("key")).toBe("value");
  await setTimeout(100);

  expect(await cache.get("key")).toBeNull();
});

test("a value can be replaced and deleted", async ({ cache }) => {
  await keep(cache, "key", "one");
  await keep(cache, "key", "two");
  expect(await cache.get("key")).toBe("two");
  await cache.delete("key");

  expect(await cache.get("key")).toBeNull();
  await cache.delete("key"); // Of what is not there.
});

test("one has the lease at a time", async ({ cache }) => {
  const leases = await Promise.all(Array.from({ length: 10 }, () => cache.lease("key", MINUTE)));

  expect(leases.filter((lease) => lease !== null)).toHaveLength(1);
  expect(await cache.lease("another", MINUTE)).not.toBeNull();
});

test("a lease runs out", async ({ cache }) => {
  expect(await cache.lease("key", 30)).not.toBeNull();
  await setTimeout(80);

  expect(await cache.lease("key", MINUTE)).not.toBeNull();
});

test("a lease ends when the value is kept", async ({ cache }) => {
  await keep(cache, "key", "value");

  expect(await cache.lease("key", MINUTE)).not.toBeNull();
});

test("a value from before a deletion is not kept", async ({ cache }) => {
  const lease = (await cache.lease("key", MINUTE)) ?? "";
  await cache.delete("key");
  await cache.put("key", "outdated", MINUTE, lease);
  expect(await cache.get("key")).toBeNull();
  const newer = (await cache.lease("key", MINUTE)) ?? "";
  await cache.put("key", "outdated", MINUTE, lease);
  expect(await cache.get("key")).toBeNull();
  await cache.put("key", "new", MINUTE, newer);

  expect(await cache.get("key")).toBe("new");
});

test("it is there", async ({ cache }) => {
  await cache.ping();
});
