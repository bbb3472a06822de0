/** Keeps what functions return, in whichever cache was chosen. */

import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { Unavailable } from "../domain/errors.ts";
import type { Cache } from "../ports.ts";
import { log } from "./logs.ts";
import type { Metrics } from "./metrics.ts";

/** How long a computation may take before somebody else may start it too. */
const LEASE_MILLISECONDS = 10_000;

/** How often to look whether another process has finished a computation. */
const POLL_MILLISECONDS = 20;

/** A moment, in JSON and back. */
export const moment = z.codec(z.iso.datetime(), z.date(), {
  decode: (written) => new Date(written),
  encode: (date) => date.toISOString(),
});

type Argument = string | number | boolean | null;
type Computation<Arguments extends readonly Argument[], Result> = (...values: Arguments) => Promise<Result>;

export interface CachingTimes {
  readonly leaseMilliseconds?: number;
}

/** Makes cached functions. When the cache is down, they simply run. */
export class CacheManager {
  readonly #cache: Cache;
  readonly #metrics: Metrics;
  readonly #leaseMilliseconds: number;
  readonly #owed = new Set<string>();

  constructor(cache: Cache, metrics: Metrics, { leaseMilliseconds = LEASE_MILLISECONDS }: CachingTimes = {}) {
    this.#cache = cache;
    this.#metrics = metrics;
    this.#leaseMilliseconds = leaseMilliseconds;
  }

  /**
   * Keeps the results of an asynchronous function for `ttl` seconds.
   *
   * @param name Of the function, unlike that of any other one: in minified or anonymous functions nothing else tells.
   * @param schema How its results become JSON and come back.
   */
  cacheResult<Result>(ttl: number, name: string, schema: z.ZodType<Result>) {
    return <Arguments extends readonly Argument[]>(compute: Computation<Arguments, Result>) =>
      new CachedFunction<Arguments, Result>(this, compute, { name, schema, milliseconds: ttl * 1_000 });
  }

  get patienceMilliseconds(): number {
    return this.#leaseMilliseconds;
  }

  /** Throws `Unavailable` as well while a deletion of the key is still owed. */
  async get(key: string): Promise<string | null> {
    if (this.#owed.size > 0) await this.#pay();
    return this.#cache.get(key);
  }

  lease(key: string): Promise<string | null> {
    return this.#cache.lease(key, this.#leaseMilliseconds);
  }

  put(key: string, value: string, milliseconds: number, lease: string): Promise<void> {
    return this.#cache.put(key, value, milliseconds, lease);
  }

  /** Deletes the key: now, or as soon as the cache is back and before anything is read from it here. */
  async delete(key: string): Promise<void> {
    this.#owed.add(key);
    try {
      await this.#pay();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ key }, "cache is down, deletion is owed");
    }
  }

  count(name: string, result: "hit" | "miss" | "unavailable"): void {
    this.#metrics.cacheRequests.inc({ function: name, result });
  }

  async #pay(): Promise<void> {
    for (const key of [...this.#owed]) {
      await this.#cache.delete(key);
      this.#owed.delete(key);
    }
  }
}

interface Kept<Result> {
  readonly name: string;
  readonly schema: z.ZodType<Result>;
  readonly milliseconds: number;
}

/** The right to compute a result, or what another process has computed in the meantime. */
type Turn = { readonly lease: string } | { readonly found: string };

/** A function whose results are kept. Whoever changes what it reads calls `invalidate` afterwards. */
export class CachedFunction<Arguments extends readonly Argument[], Result> {
  readonly #manager: CacheManager;
  readonly #compute: Computation<Arguments, Result>;
  readonly #kept: Kept<Result>;
  readonly #underWay = new Map<string, Promise<Result>>();

  constructor(manager: CacheManager, compute: Computation<Arguments, Result>, kept: Kept<Result>) {
    this.#manager = manager;
    this.#compute = compute;
    this.#kept = kept;
  }

  async call(...values: Arguments): Promise<Result> {
    const key = this.key(...values);
    let found: string | null;
    try {
      found = await this.#manager.get(key);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#manager.count(this.#kept.name, "unavailable");
      return this.#compute(...values);
    }
    const kept = found === null ? undefined : this.#read(found);
    if (kept) {
      this.#manager.count(this.#kept.name, "hit");
      return kept.result;
    }
    if (found !== null) await this.#discard(key);
    this.#manager.count(this.#kept.name, "miss");
    return this.#share(key, values);
  }

  /** Forgets the result for these arguments. A computation that is under way is not kept. */
  async invalidate(...values: Arguments): Promise<void> {
    const key = this.key(...values);
    this.#underWay.delete(key);
    await this.#manager.delete(key);
  }

  /** The function's name and a digest of the arguments. */
  key(...values: Arguments): string {
    return `${this.#kept.name}:${createHash("sha256").update(JSON.stringify(values)).digest("hex")}`;
  }

  /** Computes once for all who wait in this process. */
  #share(key: string, values: Arguments): Promise<Result> {
    const shared = this.#underWay.get(key);
    if (shared) return shared;
    const computation = this.#computeOnce(key, values).finally(() => {
      if (this.#underWay.get(key) === computation) this.#underWay.delete(key);
    });
    this.#underWay.set(key, computation);
    return computation;
  }

  /** Computes once for all processes, as long as the cache is there to agree on who does it. */
  async #computeOnce(key: string, values: Arguments): Promise<Result> {
    let turn: Turn;
    try {
      turn = await this.#takeTurns(key);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#compute(...values);
    }
    if ("lease" in turn) return this.#computeAndKeep(key, values, turn.lease);
    const kept = this.#read(turn.found);
    return kept ? kept.result : this.#compute(...values); // Of another release, perhaps.
  }

  async #computeAndKeep(key: string, values: Arguments, lease: string): Promise<Result> {
    let result: Result;
    try {
      result = await this.#compute(...values);
    } catch (error) {
      await this.#manager.delete(key); // The lease: the next one may try.
      throw error;
    }
    try {
      await this.#manager.put(key, this.#write(result), this.#kept.milliseconds, lease);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug({ key }, "cache is down, result not kept");
    }
    return result;
  }

  async #takeTurns(key: string): Promise<Turn> {
    const patienceEnds = performance.now() + this.#manager.patienceMilliseconds;
    for (let hasWaited = false; ; hasWaited = true) {
      const lease = await this.#manager.lease(key);
      const found = lease === null || hasWaited ? await this.#manager.get(key) : null;
      if (found !== null) {
        // It came in between the last look and the lease, which is given back by keeping it once more.
        if (lease !== null) await this.#manager.put(key, found, this.#kept.milliseconds, lease);
        return { found };
      }
      if (lease !== null) return { lease };
      if (performance.now() > patienceEnds) throw new Unavailable("Nobody else has come to an end in time.");
      await setTimeout(POLL_MILLISECONDS);
    }
  }

  /** Drops what another release of the service has kept, in another form. */
  async #discard(key: string): Promise<void> {
    log.warn({ key }, "cached result cannot be read");
    await this.#manager.delete(key);
  }

  #write(result: Result): string {
    return JSON.stringify(z.encode(this.#kept.schema, result));
  }

  #read(value: string): { result: Result } | undefined {
    try {
      return { result: z.decode(this.#kept.schema, JSON.parse(value)) };
    } catch {
      return undefined; // Whatever it is, it is not one of our results.
    }
  }
}
