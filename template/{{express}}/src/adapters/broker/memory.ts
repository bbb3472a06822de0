/** Events within the process: for one service that talks to itself. The outbox keeps what is not handled yet. */

import { EventEmitter, once } from "node:events";
import type { Event } from "../../domain/events.ts";
import * as cloudevents from "../../platform/cloudevents.ts";
import { aborted } from "../../platform/pause.ts";
import type { Clock, EventBus } from "../../ports.ts";
import type { Settings } from "../../settings.ts";
import { allDone, type Handle, Publisher } from "./common.ts";

export function connect(_settings: Settings, clock: Clock): EventBus {
  return new MemoryEventBus(clock);
}

interface Reader {
  readonly types: ReadonlySet<string>;
  readonly handle: Handle;
}

export class MemoryEventBus extends Publisher implements EventBus {
  #reader: Reader | undefined;
  readonly #readers = new EventEmitter();
  readonly #handling = new Set<Promise<unknown>>();

  /** Returns when they have been handled: there is no broker that would keep them in the meantime. */
  async publish(events: readonly Event[]): Promise<void> {
    while (!this.#reader) await once(this.#readers, "reader");
    const { types, handle } = this.#reader;
    const wanted = events.filter((event) => types.has(event.type));
    const handling = allDone(wanted.map((event) => handle(cloudevents.encode(event))));
    this.#handling.add(handling);
    await handling.finally(() => this.#handling.delete(handling));
  }

  async consume(types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    this.#reader = { types: new Set(types), handle };
    this.#readers.emit("reader");
    await aborted(signal);
    this.#reader = undefined;
    await Promise.allSettled(this.#handling);
  }

  /** It is always there. */
  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
