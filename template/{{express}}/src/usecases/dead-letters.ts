/** Messages that could not be handled: looking at them, and handling them again. */

import { NotFound } from "../domain/errors.ts";
import type { DeadLetter } from "../domain/events.ts";
import type { Consumer } from "../platform/consumer.ts";
import type { Database } from "../ports.ts";

const ALL = 1_000_000;

export class DeadLetterBox {
  readonly #database: Database;
  readonly #consumer: Consumer;

  constructor(database: Database, consumer: Consumer) {
    this.#database = database;
    this.#consumer = consumer;
  }

  list(limit: number): Promise<readonly DeadLetter[]> {
    return this.#database.read((stores) => stores.deadLetters.list(limit));
  }

  /** @throws {NotFound} There is none of this id. */
  async get(letterId: string): Promise<DeadLetter> {
    const letter = await this.#database.read((stores) => stores.deadLetters.get(letterId));
    if (!letter) throw new NotFound(`There is no parked message ${letterId}.`);
    return letter;
  }

  /**
   * Hands messages to the consumer again. What fails again is parked anew.
   *
   * @param letterIds Which ones; null for all.
   * @returns how many there were.
   */
  async replay(letterIds: readonly string[] | null): Promise<number> {
    const letters = letterIds ? await Promise.all(letterIds.map((each) => this.get(each))) : await this.list(ALL);
    for (const letter of letters) {
      await this.#consumer.handle(letter.body);
      // Only now: should this be interrupted, it is there twice rather than not at all.
      await this.#database.transaction((stores) => stores.deadLetters.remove(letter.id));
    }
    return letters.length;
  }
}
