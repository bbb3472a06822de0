import type { Connection, Tables } from "../../../../src/adapters/database/sql/tables.ts";

const ALL: readonly (keyof Tables)[] = ["sessions", "users", "outbox", "inbox", "dead_letters", "activity", "leases"];

export async function emptyTables(connection: Connection): Promise<void> {
  for (const table of ALL) await connection.deleteFrom(table).execute();
}
