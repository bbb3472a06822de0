/** PostgreSQL, by pg. */

import { PostgresDialect, sql } from "kysely";
import pg from "pg";
import { NAME } from "../../about.ts";
import { Doorbell } from "../../platform/doorbell.ts";
import { Metrics } from "../../platform/metrics.ts";
import { StatementTimer } from "../../platform/statements.ts";
import { startWorkers, type Worker } from "../../platform/workers.ts";
import type { Database } from "../../ports.ts";
import { type Settings, SettingsError } from "../../settings.ts";
import { Pool } from "./postgresql/pool.ts";
import { SqlDatabase, timedKysely } from "./sql/database.ts";
import type { ColumnTypes } from "./sql/migrations/index.ts";
import { isCurrent, upgrade } from "./sql/schema.ts";
import type { Connection } from "./sql/tables.ts";

export const TYPES: ColumnTypes = { id: "uuid", time: "timestamptz", bytes: "bytea", position: "bigserial" };

/** What pg makes of a URL besides the address; it would pass over anything else without a word. */
const OPTIONS = new Set(["sslmode", "sslrootcert", "sslcert", "sslkey", "options", "client_encoding", "host"]);

const CONNECT_MILLISECONDS = 5_000;

/** Lets the relay of any instance hear at once of an event that any other has stored. */
const CREATE_NOTIFICATION = [
  sql`
    CREATE OR REPLACE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('outbox', '');
      RETURN NULL;
    END
    $$
  `,
  sql`
    CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox()
  `,
];

/** Two instances that do this at the same time do it one after the other. */
const NOTIFICATION_LOCK = sql`SELECT pg_advisory_xact_lock(5701)`;

/** The database of the settings; it connects when it is first used. */
export function connect(settings: Settings, metrics: Metrics): Database {
  const pool = createPool(settings);
  metrics.watchPool(() => pool.state);
  const connection = open(pool, settings, metrics);
  const doorbell = new Doorbell();
  const listener = startWorkers([listenerTo(settings, doorbell)]);
  return new SqlDatabase({ reader: connection, writer: connection, doorbell, close: () => listener.stop() });
}

/** Brings the database to the newest migration. */
export async function migrate(settings: Settings): Promise<void> {
  await withConnection(settings, async (connection) => {
    await upgrade(connection, TYPES);
    await connection.transaction().execute(async (transaction) => {
      await NOTIFICATION_LOCK.execute(transaction);
      for (const statement of CREATE_NOTIFICATION) await statement.execute(transaction);
    });
  });
}

export async function isMigrated(settings: Settings): Promise<boolean> {
  return withConnection(settings, (connection) => isCurrent(connection, TYPES));
}

/** Does some work with a pool of its own. */
export async function withConnection<Result>(
  settings: Settings,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = open(createPool(settings), settings, new Metrics());
  try {
    return await work(connection);
  } finally {
    await connection.destroy();
  }
}

export function createPool(settings: Settings): Pool {
  const config = {
    ...addressOf(settings),
    application_name: NAME,
    maxLifetimeSeconds: settings.databasePoolRecycleSeconds,
  };
  return new Pool(config, {
    size: settings.databasePoolSize,
    overflow: settings.databasePoolOverflow,
    patienceMilliseconds: settings.databasePoolTimeoutSeconds * 1_000,
  });
}

function open(pool: Pool, settings: Settings, metrics: Metrics): Connection {
  const timer = new StatementTimer(metrics, settings.slowQueryMilliseconds);
  return timedKysely(new PostgresDialect({ pool }), timer);
}

/** Rings when any instance stores an event, of which a trigger notifies. */
function listenerTo(settings: Settings, doorbell: Doorbell): Worker {
  return { name: "listener", run: (signal) => listen(new pg.Client(addressOf(settings)), doorbell, signal) };
}

/** Goes on until the connection is lost or the signal is aborted. */
async function listen(client: pg.Client, doorbell: Doorbell, signal: AbortSignal): Promise<void> {
  const hasEnded = new Promise<void>((resolve, reject) => {
    client.once("end", resolve);
    client.once("error", reject);
  });
  hasEnded.catch(() => undefined); // It may come while nobody waits for it yet.
  const hangUp = () => void client.end();
  try {
    await client.connect();
    client.on("notification", () => doorbell.ring());
    await client.query("LISTEN outbox");
    doorbell.ring(); // For what came while nobody listened.
    signal.addEventListener("abort", hangUp);
    if (!signal.aborted) await hasEnded;
  } finally {
    signal.removeEventListener("abort", hangUp);
    await client.end();
  }
}

function addressOf(settings: Settings): pg.ClientConfig {
  // Without the text: it may hold a password.
  if (!URL.canParse(settings.databaseUrl)) throw new SettingsError("DATABASE_URL: cannot be read");
  const url = new URL(settings.databaseUrl);
  const unknown = [...url.searchParams.keys()].find((option) => !OPTIONS.has(option));
  if (unknown) throw new SettingsError(`DATABASE_URL: there is no option "${unknown}"`);
  // `sslmode` as everybody else reads it: `require` asks for TLS, and `verify-full` for the right certificate too.
  url.searchParams.set("uselibpqcompat", "true");
  return { connectionString: url.href, connectionTimeoutMillis: CONNECT_MILLISECONDS, keepAlive: true };
}
