/** SQLite: a file, and nothing to install. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Dialect, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { Doorbell } from "../../platform/doorbell.ts";
import { Metrics } from "../../platform/metrics.ts";
import { StatementTimer } from "../../platform/statements.ts";
import type { Database } from "../../ports.ts";
import { type Settings, SettingsError } from "../../settings.ts";
import { SqlDatabase, timedKysely } from "./sql/database.ts";
import { Gate } from "./sql/gate.ts";
import type { ColumnTypes } from "./sql/migrations/index.ts";
import { isCurrent, upgrade } from "./sql/schema.ts";
import type { Connection } from "./sql/tables.ts";
import { SqliteDriver } from "./sqlite/driver.ts";

export const TYPES: ColumnTypes = { id: "char(36)", time: "datetime", bytes: "blob", position: "integer" };

const PATH = /^sqlite:\/\/\/(?<path>[^?]+)/;

/** Kysely would migrate without a transaction; but SQLite can undo changes of tables too. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** The database of the settings; it is opened when it is first used: once for readers, and once for the writer. */
export function connect(settings: Settings, metrics: Metrics): Database {
  const [readers, writers] = [gateOf(settings), gateOf(settings)];
  metrics.watchPool(() => {
    const inUse = readers.taken + writers.taken;
    return { inUse, idle: 2 - inUse };
  });
  return new SqlDatabase({
    reader: open(settings, metrics, readers),
    writer: open(settings, metrics, writers),
    doorbell: new Doorbell(),
  });
}

/** Brings the database to the newest migration. */
export async function migrate(settings: Settings): Promise<void> {
  await withConnection(settings, (connection) => upgrade(connection, TYPES));
}

export async function isMigrated(settings: Settings): Promise<boolean> {
  return withConnection(settings, (connection) => isCurrent(connection, TYPES));
}

/** Does some work with a connection of its own. */
export async function withConnection<Result>(
  settings: Settings,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = open(settings, new Metrics(), gateOf(settings));
  try {
    return await work(connection);
  } finally {
    await connection.destroy();
  }
}

function open(settings: Settings, metrics: Metrics, gate: Gate): Connection {
  const path = pathOf(settings.databaseUrl);
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch {
    // What is wrong, the first statement tells.
  }
  const dialect: Dialect = {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new SqliteDriver(path, gate),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return timedKysely(dialect, new StatementTimer(metrics, settings.slowQueryMilliseconds));
}

function gateOf(settings: Settings): Gate {
  const patienceMilliseconds = settings.databasePoolTimeoutSeconds * 1_000;
  return new Gate({ places: 1, patienceMilliseconds });
}

function pathOf(url: string): string {
  const path = PATH.exec(url)?.groups?.["path"];
  // In memory each of the two would have a database of its own.
  if (path === undefined || path === ":memory:") throw new SettingsError("DATABASE_URL: must name a file");
  return path;
}
