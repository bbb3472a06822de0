/** A bus within the process that remembers what was published. */

import { type Handle, Publisher } from "../src/adapters/broker/common.ts";
import { systemClock } from "../src/adapters/clock.ts";
import type { Event } from "../src/domain/events.ts";
import * as cloudevents from "../src/platform/cloudevents.ts";
import { aborted } from "../src/platform/pause.ts";
import type { EventBus } from "../src/ports.ts";

export class LocalBus extends Publisher implements EventBus {
  readonly published: Event[] = [];
  #handle: Handle | undefined;

  constructor() {
    super(systemClock);
  }

  async publish(events: readonly Event[]): Promise<void> {
    this.published.push(...events);
    for (const event of events) await this.#handle?.(cloudevents.encode(event));
  }

  async consume(_types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    this.#handle = handle;
    await aborted(signal);
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
