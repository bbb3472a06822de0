/** A cache in Redis, which all instances share. */

import { randomUUID } from "node:crypto";
import { createClient } from "redis";
import { NAME } from "../../about.ts";
import { Unavailable } from "../../domain/errors.ts";
import { log } from "../../platform/logs.ts";
import { withinTime } from "../../platform/pause.ts";
import type { Cache } from "../../ports.ts";
import { type Settings, SettingsError } from "../../settings.ts";

const PUT_WITH_LEASE = `
if redis.call('GET', KEYS[2]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('DEL', KEYS[2])
end
`;

/** How long the service does without the cache after a failure, so that not every request waits for it. */
const REST_MILLISECONDS = 1_000;

const LONGEST_RECONNECT_MILLISECONDS = 500;

type Client = ReturnType<typeof clientOf>;

export function connect(settings: Settings): Cache {
  return new RedisCache(clientOf(settings), settings.cacheTimeoutSeconds * 1_000);
}

export class RedisCache implements Cache {
  readonly #client: Client;
  readonly #timeoutMilliseconds: number;
  readonly #connected: Promise<unknown>;
  #restsUntil = 0;

  constructor(client: Client, timeoutMilliseconds: number) {
    this.#client = client;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    client.on("error", (error: unknown) => log.debug({ err: error }, "the connection to the cache is broken"));
    this.#connected = client.connect(); // And again, whenever the connection is lost.
    this.#connected.catch(() => undefined); // Whoever uses it is told.
  }

  get(key: string): Promise<string | null> {
    return this.#call(() => this.#client.get(nameOf(key)));
  }

  async lease(key: string, milliseconds: number): Promise<string | null> {
    const lease = randomUUID();
    const options = { condition: "NX", expiration: { type: "PX", value: whole(milliseconds) } } as const;
    const taken = await this.#call(() => this.#client.set(nameOfLease(key), lease, options));
    return taken === null ? null : lease;
  }

  async put(key: string, value: string, milliseconds: number, lease: string): Promise<void> {
    const keys = [nameOf(key), nameOfLease(key)];
    const values = [lease, value, String(whole(milliseconds))];
    await this.#call(() => this.#client.eval(PUT_WITH_LEASE, { keys, arguments: values }));
  }

  async delete(key: string): Promise<void> {
    await this.#call(() => this.#client.del([nameOf(key), nameOfLease(key)]));
  }

  async ping(): Promise<void> {
    await this.#connected.then(() => this.#client.ping());
  }

  async close(): Promise<void> {
    if (this.#client.isOpen) this.#client.destroy();
  }

  async #call<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (performance.now() < this.#restsUntil) throw new Unavailable("The cache did not answer a moment ago.");
    try {
      // All in all: to connect, and to ask.
      return await withinTime(this.#timeoutMilliseconds, this.#connected.then(operation));
    } catch (error) {
      this.#restsUntil = performance.now() + REST_MILLISECONDS;
      throw new Unavailable("The cache does not answer.", { cause: error });
    }
  }
}

function clientOf(settings: Settings) {
  if (!URL.canParse(settings.redisUrl)) throw new SettingsError("REDIS_URL: cannot be read"); // It may hold a password.
  return createClient({
    url: settings.redisUrl,
    name: NAME,
    disableOfflineQueue: true, // What cannot be asked now is not worth asking later.
    socket: {
      connectTimeout: settings.cacheTimeoutSeconds * 1_000,
      reconnectStrategy: (attempts) => Math.min(LONGEST_RECONNECT_MILLISECONDS, 20 * (attempts + 1)),
    },
  });
}

function nameOf(key: string): string {
  // In braces what a Redis cluster places by, so that a value and its lease lie on one node.
  return `${NAME}:cache:{${key}}`;
}

function nameOfLease(key: string): string {
  return `${nameOf(key)}:lease`;
}

/** Redis counts in whole milliseconds. */
function whole(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds));
}
