/** Handles the messages that a broker delivers: each event once, the failing ones again, the hopeless ones aside. */

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Unavailable } from "../domain/errors.ts";
import type { DeadLetter, Event } from "../domain/events.ts";
import { InvalidEvent } from "../domain/events.ts";
import type { Clock, Database, EventHandler } from "../ports.ts";
import * as cloudevents from "./cloudevents.ts";
import { log, withLogFields } from "./logs.ts";
import type { Metrics } from "./metrics.ts";
import { Places } from "./places.ts";
import * as traceContext from "./trace-context.ts";
import { Turns } from "./turns.ts";

/** Handlers that use the database at the same time: requests need its connections too. */
export const AT_A_TIME = 8;

const LONGEST_ERROR = 10_000;

export interface ConsumerOptions {
  /** How often a handler may fail before its message is parked. */
  readonly attempts: number;
  readonly firstDelayMilliseconds?: number;
  readonly longestDelayMilliseconds?: number;
}

/** Give `handle` every message. It returns when the message is done with, and may be acknowledged. */
export class Consumer {
  readonly #database: Database;
  readonly #handlers: ReadonlyMap<string, EventHandler>;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #options: Required<ConsumerOptions>;
  readonly #turns = new Turns();
  readonly #places = new Places(AT_A_TIME);

  constructor(
    database: Database,
    handlers: ReadonlyMap<string, EventHandler>,
    clock: Clock,
    metrics: Metrics,
    { attempts, firstDelayMilliseconds = 100, longestDelayMilliseconds = 5_000 }: ConsumerOptions,
  ) {
    this.#database = database;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#options = { attempts, firstDelayMilliseconds, longestDelayMilliseconds };
  }

  /**
   * @param signal Ends the waiting for another attempt, but no attempt that has begun. The message is then not done
   *   with: it is to be delivered again.
   */
  async handle(body: Uint8Array, signal?: AbortSignal): Promise<void> {
    let event: Event;
    try {
      event = cloudevents.decode(body);
    } catch (error) {
      return this.#park(body, error, 1, signal);
    }
    const handler = this.#handlers.get(event.type);
    if (!handler) {
      this.#metrics.eventsConsumed.inc({ type: "unknown", result: "ignored" });
      return;
    }
    await withLogFields({ event_id: event.id, event_type: event.type }, () =>
      traceContext.bound(event.trace, () =>
        this.#turns.of(event.subject, () => this.#handle(event, handler, body, signal)),
      ),
    );
  }

  async #handle(event: Event, handler: EventHandler, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const isNew = await this.#onceAvailable(() => this.#handleOnce(event, handler), signal);
        this.#metrics.eventsConsumed.inc({ type: event.type, result: isNew ? "handled" : "duplicate" });
        this.#metrics.eventLag.observe((this.#clock.now().getTime() - event.time.getTime()) / 1_000);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof InvalidEvent) return this.#park(body, error, attempt, signal);
        log.error({ err: error, attempt }, "handler failed");
        if (attempt >= this.#options.attempts) return this.#park(body, error, attempt, signal);
        await this.#delay(attempt, signal);
      }
    }
  }

  #handleOnce(event: Event, handler: EventHandler): Promise<boolean> {
    return this.#places.take(() => this.#database.handleOnce(event, handler));
  }

  async #park(body: Uint8Array, error: unknown, attempts: number, signal?: AbortSignal): Promise<void> {
    const letter: DeadLetter = {
      id: randomUUID().replaceAll("-", ""),
      body,
      error: describe(error),
      attempts,
      parkedAt: this.#clock.now(),
    };
    await this.#onceAvailable(() => this.#database.transaction((stores) => stores.deadLetters.add(letter)), signal);
    log.error({ dead_letter: letter.id, error: letter.error }, "message parked");
    this.#metrics.eventsConsumed.inc({ type: "unknown", result: "parked" });
  }

  /** Waits as long as it takes: that the database is down is no fault of the message. */
  async #onceAvailable<Result>(action: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.warn({ error: error.message }, "waiting to handle events");
        await this.#delay(attempt, signal);
      }
    }
  }

  /** Doubles from attempt to attempt, with jitter, so that not all come back at once. */
  async #delay(attempt: number, signal?: AbortSignal): Promise<void> {
    const { firstDelayMilliseconds, longestDelayMilliseconds } = this.#options;
    const longest = Math.min(longestDelayMilliseconds, firstDelayMilliseconds * 2 ** Math.min(attempt - 1, 10));
    await setTimeout(longest * (0.5 + Math.random() / 2), undefined, { signal });
  }
}

/** In characters that every database keeps, or a message could not even be parked. */
function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`;
  return text.replaceAll("\0", "\\0").slice(0, LONGEST_ERROR).toWellFormed();
}
