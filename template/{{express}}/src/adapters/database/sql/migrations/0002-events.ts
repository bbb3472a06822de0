/** Events: outbox, inbox, dead letters, the activity log and leases. */

import type { CreateTableBuilder, Kysely } from "kysely";
import type { ColumnTypes } from "./index.ts";

export const up = (types: ColumnTypes) => async (database: Kysely<unknown>) => {
  await addEventColumns(database.schema.createTable("outbox"), types, "varchar(64)")
    .addColumn("position", types.position, (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_outbox", ["position"])
    .execute();
  await addEventColumns(database.schema.createTable("inbox"), types, "varchar(1000)")
    .addColumn("key", "varchar(32)", (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_inbox", ["key"])
    .execute();
  await database.schema
    .createTable("dead_letters")
    .addColumn("id", "varchar(32)", (column) => column.notNull())
    .addColumn("body", types.bytes, (column) => column.notNull())
    .addColumn("error", "text", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("parked_at", types.time, (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_dead_letters", ["id"])
    .execute();
  await database.schema
    .createTable("activity")
    .addColumn("key", "varchar(32)", (column) => column.notNull())
    .addColumn("id", "varchar(1000)", (column) => column.notNull())
    .addColumn("type", "varchar(1000)", (column) => column.notNull())
    .addColumn("user_id", "varchar(64)")
    .addColumn("by", "varchar(64)")
    .addColumn("time", types.time, (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_activity", ["key"])
    .execute();
  await database.schema.createIndex("ix_activity_time_key").on("activity").columns(["time", "key"]).execute();
  await database.schema
    .createIndex("ix_activity_user_id_time_key")
    .on("activity")
    .columns(["user_id", "time", "key"])
    .execute();
  await database.schema
    .createTable("leases")
    .addColumn("name", "varchar(64)", (column) => column.notNull())
    .addColumn("owner", "varchar(64)", (column) => column.notNull())
    .addColumn("until", types.time, (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_leases", ["name"])
    .execute();
};

export async function down(database: Kysely<unknown>): Promise<void> {
  for (const table of ["leases", "activity", "dead_letters", "inbox", "outbox"]) {
    await database.schema.dropTable(table).execute();
  }
}

function addEventColumns<Table extends string>(
  table: CreateTableBuilder<Table>,
  types: ColumnTypes,
  id: "varchar(64)" | "varchar(1000)",
): CreateTableBuilder<Table, string> {
  return table
    .addColumn("id", id, (column) => column.notNull())
    .addColumn("source", "varchar(1000)", (column) => column.notNull())
    .addColumn("type", "varchar(1000)", (column) => column.notNull())
    .addColumn("subject", "varchar(1000)", (column) => column.notNull())
    .addColumn("time", types.time, (column) => column.notNull())
    .addColumn("data", "json", (column) => column.notNull())
    .addColumn("trace", "varchar(64)");
}
