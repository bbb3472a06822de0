/**
 * Redis: a stream with a consumer group for each service, so that nothing is lost as long as Redis keeps its data.
 *
 * Whoever only wants to know at once, and can do without what they miss, subscribes to the channel `<stream>:<type>`.
 */

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { createClient, ErrorReply, RESP_TYPES } from "redis";
import { NAME } from "../../about.ts";
import type { Event } from "../../domain/events.ts";
import * as cloudevents from "../../platform/cloudevents.ts";
import { withinTime } from "../../platform/pause.ts";
import type { Clock, EventBus } from "../../ports.ts";
import type { Settings } from "../../settings.ts";
import { allDone, type Handle, Publisher, Reopening, reconnecting } from "./common.ts";

/** Older entries go, roughly. */
const LONGEST_STREAM = 1_000_000;

const BATCH = 100;
const TIMEOUT_MILLISECONDS = 5_000;
const BEGINNING = "0-0";
const NOTHING = new Uint8Array();

export interface RedisTimes {
  /** What an instance has not handled in this time, another one takes over. */
  readonly claimMilliseconds?: number;
  /** How long Redis waits for a new entry before it answers that there is none. */
  readonly blockMilliseconds?: number;
  readonly reconnectMilliseconds?: number;
}

interface Entry {
  readonly id: Buffer;
  readonly body: Uint8Array;
}

type Client = ReturnType<typeof newClient>;

export function connect(settings: Settings, clock: Clock): EventBus {
  return new RedisEventBus(settings.brokerUrl, settings.eventsStream, clock);
}

export class RedisEventBus extends Publisher implements EventBus {
  readonly #url: string;
  readonly #stream: string;
  readonly #times: RedisTimes;
  readonly #client: Reopening<Client>;

  constructor(url: string, stream: string, clock: Clock, times: RedisTimes = {}) {
    super(clock);
    this.#url = url;
    this.#stream = stream;
    this.#times = times;
    this.#client = new Reopening(
      (lost) => open(url, lost),
      async (client) => client.destroy(),
    );
  }

  async publish(events: readonly Event[]): Promise<void> {
    const messages = events.map((event) => ({ type: event.type, body: cloudevents.encode(event) }));
    // All are sent at once, in this order.
    await this.#client.use((client) =>
      Promise.all(messages.flatMap(({ type, body }) => [this.#add(client, body), this.#announce(client, type, body)])),
    );
  }

  async consume(_types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    await reconnecting(() => this.#consume(handle, signal), signal, this.#times.reconnectMilliseconds);
  }

  async ping(): Promise<void> {
    await this.#client.use((client) => client.ping(), TIMEOUT_MILLISECONDS);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #add(client: Client, body: Buffer): Promise<unknown> {
    const limit = { strategy: "MAXLEN", strategyModifier: "~", threshold: LONGEST_STREAM } as const;
    return client.xAdd(this.#stream, "*", { event: body }, { TRIM: limit });
  }

  #announce(client: Client, type: string, body: Buffer): Promise<unknown> {
    return client.publish(`${this.#stream}:${type}`, body);
  }

  async #consume(handle: Handle, signal: AbortSignal): Promise<void> {
    const client = await open(this.#url);
    try {
      const reader = new Reader(client, this.#stream, this.#times);
      await reader.join();
      while (!signal.aborted) {
        const entries = await reader.next();
        await allDone(entries.map(({ body }) => handle(body)));
        await reader.acknowledge(entries);
      }
    } finally {
      client.destroy();
    }
  }
}

/** A member of the service's consumer group. */
class Reader {
  readonly #client: Client;
  readonly #stream: string;
  readonly #name = `${hostname()}-${randomBytes(4).toString("hex")}`;
  readonly #claimMilliseconds: number;
  readonly #blockMilliseconds: number;

  constructor(client: Client, stream: string, { claimMilliseconds = 10_000, blockMilliseconds = 1_000 }: RedisTimes) {
    this.#client = client;
    this.#stream = stream;
    this.#claimMilliseconds = claimMilliseconds;
    this.#blockMilliseconds = blockMilliseconds;
  }

  async join(): Promise<void> {
    try {
      await this.#client.xGroupCreate(this.#stream, NAME, "0", { MKSTREAM: true });
    } catch (error) {
      if (!(error instanceof ErrorReply && error.message.startsWith("BUSYGROUP"))) throw error;
    }
  }

  /** What somebody else has left undone, or what is new, or nothing after a time. */
  async next(): Promise<readonly Entry[]> {
    const entries = await this.#claim();
    return entries.length > 0 ? entries : await this.#read();
  }

  async acknowledge(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const ids = entries.map(({ id }) => id);
    await withinTime(TIMEOUT_MILLISECONDS, this.#client.xAck(this.#stream, NAME, ids));
  }

  /** What another instance has begun and not finished, or this one before it was interrupted. */
  async #claim(): Promise<readonly Entry[]> {
    const claiming = this.#client.xAutoClaim(this.#stream, NAME, this.#name, this.#claimMilliseconds, BEGINNING, {
      COUNT: BATCH,
    });
    const { messages } = await withinTime(TIMEOUT_MILLISECONDS, claiming);
    return messages.filter((message) => message !== null).map(entryOf);
  }

  async #read(): Promise<readonly Entry[]> {
    const place = { key: this.#stream, id: ">" };
    const options = { COUNT: BATCH, BLOCK: this.#blockMilliseconds };
    const reading = this.#client.xReadGroup(NAME, this.#name, place, options);
    const streams = await withinTime(TIMEOUT_MILLISECONDS, reading);
    return streams?.flatMap(({ messages }) => messages.map(entryOf)) ?? [];
  }
}

function entryOf({ id, message }: { id: Buffer; message: Record<string, Buffer> }): Entry {
  return { id, body: message["event"] ?? NOTHING };
}

async function open(url: string, lost: () => void = () => {}): Promise<Client> {
  const client = newClient(url);
  client.on("error", lost).on("end", lost); // What goes wrong, those hear who use it.
  await client.connect();
  return client;
}

/** A client for bytes, since others may publish anything; one connection, which is not opened again by itself. */
function newClient(url: string) {
  return createClient({
    url,
    name: NAME,
    socket: { connectTimeout: TIMEOUT_MILLISECONDS, reconnectStrategy: false },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
}
