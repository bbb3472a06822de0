import type { Clock } from "../src/ports.ts";

/** A clock that stands still, and is moved by hand. */
export class MovableClock implements Clock {
  #time: number;

  constructor(time = new Date()) {
    this.#time = time.getTime();
  }

  now(): Date {
    return new Date(this.#time);
  }

  move(milliseconds: number): void {
    this.#time += milliseconds;
  }
}
