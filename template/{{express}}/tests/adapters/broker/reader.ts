import { setTimeout } from "node:timers/promises";
import type { Event } from "../../../src/domain/events.ts";
import * as cloudevents from "../../../src/platform/cloudevents.ts";
import type { EventBus } from "../../../src/ports.ts";

/** Consumes, and keeps what has come. */
export class Reader {
  readonly bodies: Uint8Array[] = [];
  finished = 0;
  readonly #stopping = new AbortController();
  readonly #reading: Promise<void>;
  #held = Promise.resolve();
  #letGo = () => {};

  constructor(bus: EventBus, types: readonly string[]) {
    this.#reading = bus.consume(types, (body) => this.#handle(body), this.#stopping.signal);
  }

  get events(): Event[] {
    return this.bodies.map(cloudevents.decode);
  }

  has(event: Event): boolean {
    return this.events.some(({ id }) => id === event.id);
  }

  /** From now on nothing is finished, until `letGo`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#letGo();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
  }

  async #handle(body: Uint8Array): Promise<void> {
    this.bodies.push(body);
    await this.#held;
    await setTimeout(10);
    this.finished += 1;
  }
}
