/** The database port, on Kysely. */

import { type Dialect, Kysely, type LogEvent, sql } from "kysely";
import type { Event } from "../../../domain/events.ts";
import type { Doorbell } from "../../../platform/doorbell.ts";
import type { StatementTimer } from "../../../platform/statements.ts";
import type { Database, EventHandler, Stores } from "../../../ports.ts";
import { SqlStores } from "./stores.ts";
import type { Connection, Tables } from "./tables.ts";

export interface SqlDatabaseOptions {
  /** For statements of their own. */
  readonly reader: Connection;
  /** For transactions. */
  readonly writer: Connection;
  /** Rings when there is a new event in the outbox. */
  readonly doorbell: Doorbell;
  /** What there is to be closed besides. */
  close?(): Promise<void>;
}

export class SqlDatabase implements Database {
  readonly #options: SqlDatabaseOptions;
  readonly #forReading: SqlStores;

  constructor(options: SqlDatabaseOptions) {
    this.#options = options;
    this.#forReading = new SqlStores(options.reader);
  }

  read<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result> {
    return work(this.#forReading);
  }

  async transaction<Result>(work: (stores: SqlStores) => Promise<Result>): Promise<Result> {
    const { writer, doorbell } = this.#options;
    const { result, hasNewEvents } = await writer.transaction().execute(async (connection) => {
      const stores = new SqlStores(connection);
      return { result: await work(stores), hasNewEvents: stores.outbox.hasNew };
    });
    if (hasNewEvents) doorbell.ring();
    return result;
  }

  async handleOnce(event: Event, handler: EventHandler): Promise<boolean> {
    // The inbox first: whoever else has the same event under way waits there for the end of this transaction.
    return this.transaction(async (stores) => {
      const isNew = await stores.inbox.add(event);
      if (isNew) await handler(event, stores);
      return isNew;
    });
  }

  waitForEvents(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return this.#options.doorbell.wait(milliseconds, signal);
  }

  async ping(): Promise<void> {
    await sql`SELECT 1`.execute(this.#options.reader);
  }

  async close(): Promise<void> {
    const { reader, writer, close } = this.#options;
    await close?.();
    await reader.destroy();
    if (writer !== reader) await writer.destroy();
  }
}

/** Tables on a database of this dialect, with every statement timed. */
export function timedKysely(dialect: Dialect, timer: StatementTimer): Kysely<Tables> {
  return new Kysely<Tables>({ dialect, log: (event) => record(event, timer) });
}

function record({ query, queryDurationMillis }: LogEvent, timer: StatementTimer): void {
  const operation = query.sql.trimStart().split(/\s/, 1)[0]?.toUpperCase() ?? "";
  timer.record(operation, () => query.sql, queryDurationMillis);
}
