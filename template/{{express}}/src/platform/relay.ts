/** Publishes what the outbox holds: at least once, and in order for each subject. */

import { randomUUID } from "node:crypto";
import { Unavailable } from "../domain/errors.ts";
import type { Clock, Database, EventBus } from "../ports.ts";
import { log } from "./logs.ts";
import type { Metrics } from "./metrics.ts";
import { pause } from "./pause.ts";

export const LEASE = "relay";

/** How long the others wait until they take over from an instance that has died. */
export const LEASE_MILLISECONDS = 5_000;

export interface RelayOptions {
  /** How often it looks even if nobody tells it of a new event. */
  readonly pollMilliseconds?: number;
  readonly batch?: number;
}

/** Of all instances, one publishes at a time: the one that holds the lease. */
export class Relay {
  readonly #database: Database;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #pollMilliseconds: number;
  readonly #batch: number;
  readonly #owner = randomUUID();

  constructor(
    database: Database,
    bus: EventBus,
    clock: Clock,
    metrics: Metrics,
    { pollMilliseconds = 1_000, batch = 500 }: RelayOptions = {},
  ) {
    this.#database = database;
    this.#bus = bus;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#pollMilliseconds = pollMilliseconds;
    this.#batch = batch;
  }

  /** Goes on until the signal is aborted, which interrupts neither the database nor the broker. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#publishOrWait(signal);
    } finally {
      await this.#letOthers();
    }
  }

  async #publishOrWait(signal: AbortSignal): Promise<void> {
    try {
      const count = await this.#publishBatch();
      if (count === 0) await this.#database.waitForEvents(this.#pollMilliseconds, signal);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ error: error.message }, "waiting to publish events");
      await pause(this.#pollMilliseconds, signal);
    }
  }

  async #publishBatch(): Promise<number> {
    if (!(await this.#takeLease())) return 0;
    const events = await this.#database.read((stores) => stores.outbox.pending(this.#batch));
    this.#metrics.outboxEvents.set(events.length);
    if (events.length === 0) return 0;
    await this.#bus.publish(events);
    await this.#database.transaction((stores) => stores.outbox.remove(events));
    for (const { type } of events) this.#metrics.eventsPublished.inc({ type });
    return events.length;
  }

  #takeLease(): Promise<boolean> {
    const now = this.#clock.now();
    const until = new Date(now.getTime() + LEASE_MILLISECONDS);
    return this.#database.transaction((stores) => stores.leases.take(LEASE, this.#owner, now, until));
  }

  async #letOthers(): Promise<void> {
    try {
      await this.#database.transaction((stores) => stores.leases.giveBack(LEASE, this.#owner));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.debug("the lease of the relay runs out by itself");
    }
  }
}
