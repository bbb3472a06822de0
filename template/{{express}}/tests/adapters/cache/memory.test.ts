import { expect, test } from "vitest";
import { MemoryCache } from "../../../src/adapters/cache/memory.ts";

const MINUTE = 60_000;

test("what was not used for longest goes first", async () => {
  const cache = new MemoryCache(2);
  async function keep(key: string): Promise<void> {
    await cache.put(key, key, MINUTE, (await cache.lease(key, MINUTE)) ?? "");
  }
  await keep("a");
  await keep("b");
  await cache.get("a");
  await keep("c");

  expect([await cache.get("a"), await cache.get("b"), await cache.get("c")]).toEqual(["a", null, "c"]);
});
