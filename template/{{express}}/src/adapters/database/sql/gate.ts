/** Lets so many in at the same time; the others wait, but not for ever, and not any number of them. */

import { Unavailable } from "../../../domain/errors.ts";

/** Beyond it, to wait is of no use: those in front need longer than anybody has patience. */
const LONGEST_QUEUE = 1_000;

export interface GateOptions {
  readonly places: number;
  readonly patienceMilliseconds: number;
  readonly longestQueue?: number;
}

export class Gate {
  readonly #places: number;
  readonly #patienceMilliseconds: number;
  readonly #longestQueue: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor({ places, patienceMilliseconds, longestQueue = LONGEST_QUEUE }: GateOptions) {
    this.#places = places;
    this.#patienceMilliseconds = patienceMilliseconds;
    this.#longestQueue = longestQueue;
  }

  /** How many are inside. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a place, which has to be given back by `leave`.
   *
   * @throws {Unavailable} The queue is too long, or it took too long to get to its head.
   */
  async enter(): Promise<void> {
    if (this.#taken < this.#places) this.#taken += 1;
    else await this.#wait();
  }

  /** Gives a place to whoever waits for longest. */
  leave(): void {
    const [next] = this.#queue;
    if (next) next();
    else this.#taken -= 1;
  }

  #wait(): Promise<void> {
    if (this.#queue.size >= this.#longestQueue) throw allInUse();
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        this.#queue.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#queue.delete(enter);
        reject(allInUse());
      }, this.#patienceMilliseconds);
      this.#queue.add(enter);
    });
  }
}

function allInUse(): Unavailable {
  return new Unavailable("All connections to the database are in use.");
}
