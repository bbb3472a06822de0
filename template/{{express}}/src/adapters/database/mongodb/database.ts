/** The database port on MongoDB. */

import type { Db, MongoClient } from "mongodb";
import type { Event } from "../../../domain/events.ts";
import { Doorbell } from "../../../platform/doorbell.ts";
import type { Database, EventHandler } from "../../../ports.ts";
import { unavailableOnFailure } from "./failures.ts";
import { MongoStores } from "./stores.ts";

export class MongoDatabase implements Database {
  readonly #client: MongoClient;
  readonly #database: Db;
  readonly #doorbell = new Doorbell();

  constructor(client: MongoClient, database: Db) {
    this.#client = client;
    this.#database = database;
  }

  read<Result>(work: (stores: MongoStores) => Promise<Result>): Promise<Result> {
    return unavailableOnFailure(() => work(new MongoStores(this.#database)));
  }

  /** Nothing needs to be undone, since a unit of work does one thing to one document. */
  async transaction<Result>(work: (stores: MongoStores) => Promise<Result>): Promise<Result> {
    const stores = new MongoStores(this.#database);
    const result = await unavailableOnFailure(() => work(stores));
    if (stores.outbox.hasNew) this.#doorbell.ring();
    return result;
  }

  handleOnce(event: Event, handler: EventHandler): Promise<boolean> {
    return this.transaction(async (stores) => {
      if (await stores.inbox.has(event)) return false;
      await handler(event, stores);
      return stores.inbox.add(event);
    });
  }

  async waitForEvents(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await this.#doorbell.wait(milliseconds, signal);
  }

  async ping(): Promise<void> {
    await this.#database.command({ ping: 1 });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
