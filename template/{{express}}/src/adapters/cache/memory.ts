/** A cache in the memory of the process: for one instance only, since no other one sees its deletions. */

import { randomUUID } from "node:crypto";
import type { Cache } from "../../ports.ts";
import type { Settings } from "../../settings.ts";

export function connect(settings: Settings): Cache {
  return new MemoryCache(settings.cacheMaxEntries);
}

interface Entry {
  readonly text: string;
  readonly expiresAt: number;
}

export class MemoryCache implements Cache {
  readonly #maxEntries: number;
  /** In the order of their use: a `Map` keeps the order in which its entries were put into it. */
  readonly #values = new Map<string, Entry>();
  readonly #leases = new Map<string, Entry>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  async get(key: string): Promise<string | null> {
    const entry = this.#values.get(key);
    this.#values.delete(key);
    if (!entry || entry.expiresAt <= performance.now()) return null;
    this.#values.set(key, entry);
    return entry.text;
  }

  async lease(key: string, milliseconds: number): Promise<string | null> {
    const now = performance.now();
    const held = this.#leases.get(key);
    if (held && held.expiresAt > now) return null;
    const lease = randomUUID();
    this.#leases.set(key, { text: lease, expiresAt: now + milliseconds });
    return lease;
  }

  async put(key: string, value: string, milliseconds: number, lease: string): Promise<void> {
    if (this.#leases.get(key)?.text !== lease) return;
    this.#leases.delete(key);
    this.#values.delete(key);
    this.#values.set(key, { text: value, expiresAt: performance.now() + milliseconds });
    const [oldest] = this.#values.keys();
    if (oldest !== undefined && this.#values.size > this.#maxEntries) this.#values.delete(oldest);
  }

  async delete(key: string): Promise<void> {
    this.#leases.delete(key);
    this.#values.delete(key);
  }

  /** It is always there. */
  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
