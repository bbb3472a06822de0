/** What the event buses share. */

import { randomUUID } from "node:crypto";
import { SOURCE } from "../../about.ts";
import { Unavailable } from "../../domain/errors.ts";
import type { Event } from "../../domain/events.ts";
import { log } from "../../platform/logs.ts";
import { endedWithin, pause, withinTime } from "../../platform/pause.ts";
import * as traceContext from "../../platform/trace-context.ts";
import type { Clock } from "../../ports.ts";

/** How long the broker may take to confirm a batch. */
const PUBLISH_MILLISECONDS = 30_000;

const RECONNECT_MILLISECONDS = 500;
const CLOSE_MILLISECONDS = 1_000;

export type Handle = (body: Uint8Array) => Promise<void>;

export abstract class Publisher {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  abstract publish(events: readonly Event[]): Promise<void>;

  async publishEvent(type: string, data: Event["data"], subject = ""): Promise<void> {
    const [time, trace] = [this.#clock.now(), traceContext.current()];
    await this.publish([{ source: SOURCE, id: randomUUID(), type, subject, time, data, trace }]);
  }
}

/** A connection that is opened when it is first needed, and again after it was lost or has failed. */
export class Reopening<Connection> {
  readonly #open: (lost: () => void) => Promise<Connection>;
  readonly #close: (connection: Connection) => Promise<unknown>;
  #current: Promise<Connection> | undefined;

  /**
   * @param open Makes a connection that calls `lost` when it ends by itself.
   * @param close May fail, and may hang.
   */
  constructor(open: (lost: () => void) => Promise<Connection>, close: (connection: Connection) => Promise<unknown>) {
    this.#open = open;
    this.#close = close;
  }

  /**
   * Does some work with the connection, which is given up if that fails or takes too long.
   *
   * @throws {Unavailable} It failed; what there was to do may have happened or not.
   */
  async use<Result>(
    work: (connection: Connection) => Promise<Result>,
    milliseconds = PUBLISH_MILLISECONDS,
  ): Promise<Result> {
    this.#current ??= this.#opened();
    const current = this.#current;
    try {
      return await withinTime(milliseconds, current.then(work));
    } catch (error) {
      this.#forget(current);
      void this.#closeQuietly(current);
      throw new Unavailable("The broker does not answer.", { cause: error });
    }
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current) await endedWithin(CLOSE_MILLISECONDS, this.#closeQuietly(current));
  }

  #opened(): Promise<Connection> {
    const opened = this.#open(() => this.#forget(opened));
    return opened;
  }

  #forget(connection: Promise<Connection>): void {
    if (this.#current === connection) this.#current = undefined;
  }

  async #closeQuietly(opened: Promise<Connection>): Promise<void> {
    try {
      await this.#close(await opened);
    } catch (error) {
      log.debug({ err: error }, "a connection to the broker was broken before it was closed");
    }
  }
}

/** Consumes until the signal is aborted: anew whenever that breaks off, as it does when the broker is gone. */
export async function reconnecting(
  consume: () => Promise<void>,
  signal: AbortSignal,
  milliseconds = RECONNECT_MILLISECONDS,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await consume();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "consuming events broke off, trying again");
    }
    await pause(milliseconds, signal);
  }
}

/** Waits for a connection to be closed, which may fail and may hang if it is broken. */
export async function closed(closing: Promise<unknown>): Promise<void> {
  await endedWithin(CLOSE_MILLISECONDS, closing);
}

/** Waits for all of them, whatever becomes of some, and then throws what the first one threw. */
export async function allDone(handling: Iterable<Promise<void>>): Promise<void> {
  const all = [...handling];
  await Promise.allSettled(all);
  await Promise.all(all);
}
