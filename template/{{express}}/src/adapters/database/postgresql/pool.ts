/**
 * A pool of connections for Kysely, as the settings ask for it: so many are kept, some more are opened under load, and
 * the others wait for a while. Nobody gets a connection that is dead.
 */

import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import pg from "pg";
import type { Unavailable } from "../../../domain/errors.ts";
import { log } from "../../../platform/logs.ts";
import type { PoolState } from "../../../platform/metrics.ts";
import { ConstraintViolated, databaseDoesNotAnswer } from "../sql/failures.ts";
import { Gate } from "../sql/gate.ts";

/** After so long without use, a connection is tried before it is used: what is between may have forgotten it. */
const TRIED_AFTER_MILLISECONDS = 1_000;

/** The classes of SQLSTATE that tell of the server rather than of the statement: it lets nobody in, shuts down, … */
const NOT_SERVING = new Set(["08", "28", "3D", "53", "57", "58"]);
const CONSTRAINT_VIOLATED = "23";

export interface PoolOptions {
  /** How many connections are kept open. */
  readonly size: number;
  /** How many more there may be. */
  readonly overflow: number;
  readonly patienceMilliseconds: number;
}

export class Pool implements PostgresPool {
  readonly #pool: pg.Pool;
  readonly #size: number;
  readonly #gate: Gate;
  readonly #usedAt = new WeakMap<pg.PoolClient, number>();

  constructor(config: pg.ClientConfig & { maxLifetimeSeconds: number }, options: PoolOptions) {
    const places = options.size + options.overflow;
    this.#pool = new pg.Pool({ ...config, max: places, idleTimeoutMillis: 0 });
    this.#pool.on("error", (error) => log.debug({ err: error }, "an idle connection to the database has ended"));
    this.#size = options.size;
    this.#gate = new Gate({ places, patienceMilliseconds: options.patienceMilliseconds });
  }

  get state(): PoolState {
    return { inUse: this.#gate.taken, idle: this.#pool.idleCount };
  }

  async connect(): Promise<PostgresPoolClient> {
    await this.#gate.enter();
    try {
      return this.#checkedOut(await this.#living());
    } catch (error) {
      this.#gate.leave();
      throw translation(error);
    }
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #living(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      const usedAt = this.#usedAt.get(client);
      if (usedAt === undefined || performance.now() - usedAt < TRIED_AFTER_MILLISECONDS) return client;
      try {
        await client.query("SELECT 1");
        return client;
      } catch (error) {
        log.debug({ err: error }, "a connection to the database had ended");
        client.release(true);
      }
    }
  }

  #checkedOut(client: pg.PoolClient): PostgresPoolClient {
    // Without a listener, a connection that ends in use would end the process; its statement tells as well.
    const ignore = () => undefined;
    client.on("error", ignore);
    return {
      query: async <Result>(statement: unknown, parameters?: readonly unknown[]) => {
        try {
          return (await client.query(String(statement), [
            ...(parameters ?? []),
          ])) as unknown as PostgresQueryResult<Result>;
        } catch (error) {
          throw translation(error);
        }
      },
      release: () => {
        client.off("error", ignore);
        this.#usedAt.set(client, performance.now());
        client.release(this.#pool.idleCount >= this.#size);
        this.#gate.leave();
      },
    } as PostgresPoolClient;
  }
}

function translation(error: unknown): Error | Unavailable {
  if (!(error instanceof pg.DatabaseError)) return databaseDoesNotAnswer(error);
  const kind = error.code?.slice(0, 2) ?? "";
  if (kind === CONSTRAINT_VIOLATED) return new ConstraintViolated(error.code, { cause: error });
  return NOT_SERVING.has(kind) ? databaseDoesNotAnswer(error) : error;
}
