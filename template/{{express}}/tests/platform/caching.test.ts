import { setTimeout } from "node:timers/promises";
import { describe, expect } from "vitest";
import { z } from "zod";
import { Unavailable } from "../../src/domain/errors.ts";
import { type CachedFunction, CacheManager, moment } from "../../src/platform/caching.ts";
import { Metrics } from "../../src/platform/metrics.ts";
import type { Cache } from "../../src/ports.ts";
import { Gate } from "../gate.ts";
import { sample } from "../samples.ts";
import { test as base } from "../service.ts";

const MINUTE = 60;
const NAME = "tests.count";

type Operation = "get" | "lease" | "put" | "delete" | "ping";

/** A cache that can be taken away, and brought back. */
class BreakableCache implements Cache {
  readonly #cache: Cache;
  broken: readonly Operation[] = [];
  leasesAskedFor = 0;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async get(key: string): Promise<string | null> {
    this.#check("get");
    return this.#cache.get(key);
  }

  async lease(key: string, milliseconds: number): Promise<string | null> {
    this.#check("lease");
    this.leasesAskedFor += 1;
    return this.#cache.lease(key, milliseconds);
  }

  async put(key: string, value: string, milliseconds: number, lease: string): Promise<void> {
    this.#check("put");
    await this.#cache.put(key, value, milliseconds, lease);
  }

  async delete(key: string): Promise<void> {
    this.#check("delete");
    await this.#cache.delete(key);
  }

  async ping(): Promise<void> {
    this.#check("ping");
  }

  async close(): Promise<void> {}

  #check(operation: Operation): void {
    if (this.broken.includes(operation)) throw new Unavailable("The cache is broken.");
  }
}

/** A function that counts how often it runs, and answers that number. */
class Counter {
  runs = 0;
  gate: Gate | undefined;

  async run(_name: string): Promise<number> {
    this.runs += 1;
    const answer = this.runs;
    await this.gate?.passed;
    return answer;
  }
}

function cached(manager: CacheManager, counter: Counter, ttl = MINUTE): CachedFunction<[name: string], number> {
  return manager.cacheResult(ttl, NAME, z.number())((name: string) => counter.run(name));
}

const test = base
  .extend("breakable", ({ cache }) => new BreakableCache(cache))
  .extend("manager", ({ breakable }) => new CacheManager(breakable, new Metrics()))
  .extend("counter", () => new Counter())
  .extend("count", ({ manager, counter }) => cached(manager, counter));

describe("results", () => {
  test("a result is computed once for the same arguments", async ({ count }) => {
    expect([await count.call("a"), await count.call("a"), await count.call("b")]).toEqual([1, 1, 2]);
  });

  test("results come back as what they were", async ({ manager }) => {
    const schema = z.object({ at: moment, label: z.string().nullable() }).nullable();
    for (const result of [{ at: new Date("2026-02-03T12:00:00.123Z"), label: null }, null]) {
      const remembered = manager.cacheResult(MINUTE, `tests.${result}`, schema)(async () => result);
      expect([await remembered.call(), await remembered.call()]).toEqual([result, result]);
    }
  });

  test("a result expires", async ({ manager, counter }) => {
    const count = cached(manager, counter, 0.05);
    expect(await count.call("")).toBe(1);
    await setTimeout(100);

    expect(await count.call("")).toBe(2);
  });

  test("functions do not share results", async ({ manager, count }) => {
    const other = manager.cacheResult(MINUTE, "tests.other", z.number())(async (_name: string) => -1);

    expect([await count.call("a"), await other.call("a")]).toEqual([1, -1]);
  });

  test.for(['{"another": "form"}', "{", "", '"text"'])(
    "what another release kept is computed again: %j",
    async (kept, { breakable, count }) => {
      const key = count.key("a");
      const lease = (await breakable.lease(key, 1_000)) ?? "";
      await breakable.put(key, kept, 1_000, lease);

      expect([await count.call("a"), await count.call("a")]).toEqual([1, 1]);
    },
  );

  test("calls are counted by what the cache had", async ({ breakable, counter }) => {
    const metrics = new Metrics();
    const count = cached(new CacheManager(breakable, metrics), counter);
    for (let call = 0; call < 3; call += 1) await count.call("");
    breakable.broken = ["get"];
    await count.call("");

    const value = (result: string) => sample(metrics, "cache_requests_total", { function: NAME, result });
    expect([await value("miss"), await value("hit"), await value("unavailable")]).toEqual([1, 2, 1]);
  });
});

describe("many at once", () => {
  test("many misses compute once", async ({ count }) => {
    expect(await Promise.all(Array.from({ length: 200 }, () => count.call("")))).toEqual(Array(200).fill(1));
  });

  test("many misses in many processes compute once", async ({ cache, counter }) => {
    const caches = Array.from({ length: 4 }, () => new BreakableCache(cache));
    const counts = caches.map((each) => cached(new CacheManager(each, new Metrics()), counter));
    counter.gate = new Gate();
    const results = Promise.all(counts.flatMap((count) => Array.from({ length: 50 }, () => count.call(""))));
    while (caches.some((each) => each.leasesAskedFor === 0)) await setTimeout(1);
    counter.gate.open();

    expect(await results).toEqual(Array(200).fill(1));
  });

  test("a process that died with the lease does not stop the others", async ({ breakable, count }) => {
    expect(await breakable.lease(count.key(""), 50)).not.toBeNull();

    expect(await count.call("")).toBe(1);
  });

  test("nobody waits forever for other processes", async ({ breakable, counter }) => {
    const count = cached(new CacheManager(breakable, new Metrics(), { leaseMilliseconds: 50 }), counter);
    await breakable.lease(count.key(""), 60_000);

    expect(await count.call("")).toBe(1);
  });

  test.for([
    ["42", 42],
    ['"of another release"', 1],
  ] as const)(
    "waiting for another process ends with what it kept: %j",
    async ([kept, expected], { breakable, count }) => {
      const lease = (await breakable.lease(count.key(""), 60_000)) ?? "";
      const waiting = count.call("");
      await setTimeout(30);
      await breakable.put(count.key(""), kept, 60_000, lease);

      expect(await waiting).toBe(expected);
    },
  );

  test("what another process keeps at the last moment is not computed again", async ({ breakable, count }) => {
    const lease = (await breakable.lease(count.key(""), 60_000)) ?? "";
    const get = breakable.get.bind(breakable);
    let looks = 0;
    breakable.get = async (key) => {
      looks += 1;
      const found = await get(key);
      if (looks === 2) await breakable.put(key, "42", 60_000, lease); // After a wait; the first look is the miss.
      return found;
    };

    expect(await count.call("")).toBe(42);
    expect(await breakable.lease(count.key(""), 60_000)).not.toBeNull(); // It has been given back.
  });

  test("a failure reaches all who wait, and lets the next one try", async ({ manager }) => {
    let runs = 0;
    const failing = manager.cacheResult(
      MINUTE,
      "tests.failing",
      z.number(),
    )(async () => {
      runs += 1;
      if (runs === 1) throw new Error("not this time");
      return runs;
    });
    const results = await Promise.allSettled(Array.from({ length: 3 }, () => failing.call()));

    expect(results.map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    const started = performance.now();
    expect(await failing.call()).toBe(2);
    expect(performance.now() - started).toBeLessThan(1_000); // It need not wait for a lease to run out.
  });
});

describe("invalidation", () => {
  test("what is invalidated is computed again", async ({ count }) => {
    await count.call("a");
    await count.call("b");
    await count.invalidate("a");

    expect([await count.call("a"), await count.call("b")]).toEqual([3, 2]);
  });

  test("a result from before an invalidation is not kept", async ({ counter, count }) => {
    counter.gate = new Gate();
    const before = count.call("");
    while (counter.runs < 1) await setTimeout(1);
    await count.invalidate("");
    const after = count.call("");
    while (counter.runs < 2) await setTimeout(1);
    counter.gate.open();

    expect([await before, await after, await count.call("")]).toEqual([1, 2, 2]);
  });
});

describe("without a cache", () => {
  test.for([[["get"]], [["lease"]], [["put"]], [["get", "lease", "put", "delete"]]] as [Operation[]][])(
    "the function simply runs: %j",
    async ([broken], { breakable, count }) => {
      breakable.broken = broken;

      expect([await count.call("a"), await count.call("b")]).toEqual([1, 2]);
    },
  );

  test("a deletion is made up for when the cache is back", async ({ breakable, count }) => {
    expect(await count.call("")).toBe(1);
    breakable.broken = ["delete"];
    await count.invalidate("");

    expect([await count.call(""), await count.call("")]).toEqual([2, 3]); // Reading would work, but may be outdated.
    breakable.broken = [];
    expect([await count.call(""), await count.call("")]).toEqual([4, 4]);
  });

  test.for(["get", "lease", "put", "delete"] as Operation[])(
    "a bug of it is no reason to go on: %s",
    async (operation, { breakable, count }) => {
      breakable[operation as "get"] = async () => {
        throw new TypeError("a bug");
      };

      await expect(operation === "delete" ? count.invalidate("") : count.call("")).rejects.toThrow("a bug");
    },
  );
});
