/** MongoDB, by its own driver. */

import { type Db, type IndexDescription, MongoClient } from "mongodb";
import { NAME } from "../../about.ts";
import { Metrics } from "../../platform/metrics.ts";
import { StatementTimer } from "../../platform/statements.ts";
import type { Database } from "../../ports.ts";
import { type Settings, SettingsError } from "../../settings.ts";
import { MongoDatabase } from "./mongodb/database.ts";
import { EVENTFUL } from "./mongodb/event-stores.ts";
import { unavailableOnFailure } from "./mongodb/failures.ts";
import { countConnections, timeCommands } from "./mongodb/monitoring.ts";

const DEFAULT_NAME = "app";
const SERVER_SELECTION_MILLISECONDS = 5_000;
const NAMES_DATABASE = /^[^/]+\/\/[^/]+\/[^?]/;

interface CollectionIndexes {
  readonly collection: string;
  readonly indexes: readonly NamedIndex[];
}

type NamedIndex = IndexDescription & { readonly name: string };

const INDEXES: readonly CollectionIndexes[] = [
  {
    collection: "users",
    indexes: [
      // Sparse, since what was deleted and has events left has no e-mail any more.
      { name: "email", key: { email: 1 }, unique: true, sparse: true },
      { name: "creation_key", key: { "creation.key": 1 }, unique: true, sparse: true },
      { name: "created_at", key: { created_at: -1, _id: -1 } },
    ],
  },
  { collection: "sessions", indexes: [{ name: "user_id", key: { user_id: 1 } }] },
  {
    collection: "activity",
    indexes: [
      { name: "time", key: { time: -1, _id: -1 } },
      { name: "user_id", key: { user_id: 1, time: -1, _id: -1 } },
    ],
  },
  { collection: "dead_letters", indexes: [{ name: "parked_at", key: { parked_at: 1 } }] },
  ...EVENTFUL.map((collection) => ({
    collection,
    indexes: [
      { name: "outbox_time", key: { "outbox.time": 1 as const }, sparse: true },
      { name: "outbox_id", key: { "outbox.id": 1 as const }, sparse: true },
      { name: "deleted", key: { deleted: 1 as const }, sparse: true },
    ],
  })),
];

/** The database of the settings; it connects when it is first used. */
export function connect(settings: Settings, metrics: Metrics): Database {
  const client = createClient(settings, metrics);
  return new MongoDatabase(client, databaseOf(client, settings));
}

/** Makes the indexes; there is no schema to migrate. */
export async function migrate(settings: Settings): Promise<void> {
  await withDatabase(settings, async (database) => {
    for (const { collection, indexes } of INDEXES) await database.collection(collection).createIndexes([...indexes]);
  });
}

/** Whether all indexes are there. */
export async function isMigrated(settings: Settings): Promise<boolean> {
  return withDatabase(settings, async (database) => {
    const names = new Set((await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
    for (const { collection, indexes } of INDEXES) {
      if (!names.has(collection)) return false;
      const found = await database.collection(collection).indexInformation();
      if (indexes.some(({ name }) => !(name in found))) return false;
    }
    return true;
  });
}

export function createClient(settings: Settings, metrics: Metrics): MongoClient {
  const client = clientOf(settings);
  timeCommands(client, new StatementTimer(metrics, settings.slowQueryMilliseconds));
  countConnections(client, metrics);
  return client;
}

/** The database that the URL names. */
export function databaseOf(client: MongoClient, settings: Settings): Db {
  return client.db(NAMES_DATABASE.test(settings.databaseUrl) ? undefined : DEFAULT_NAME);
}

function clientOf(settings: Settings): MongoClient {
  try {
    return new MongoClient(settings.databaseUrl, {
      appName: NAME,
      maxPoolSize: settings.databasePoolSize,
      waitQueueTimeoutMS: settings.databasePoolTimeoutSeconds * 1_000,
      serverSelectionTimeoutMS: SERVER_SELECTION_MILLISECONDS,
      monitorCommands: true,
    });
  } catch {
    throw new SettingsError("DATABASE_URL: cannot be read"); // Without the text: it may hold a password.
  }
}

async function withDatabase<Result>(settings: Settings, work: (database: Db) => Promise<Result>): Promise<Result> {
  const client = createClient(settings, new Metrics());
  try {
    return await unavailableOnFailure(() => work(databaseOf(client, settings)));
  } finally {
    await client.close();
  }
}
