/** Users and sessions. */

import type { Kysely } from "kysely";
import type { ColumnTypes } from "./index.ts";

export const up = (types: ColumnTypes) => async (database: Kysely<unknown>) => {
  await database.schema
    .createTable("users")
    .addColumn("id", types.id, (column) => column.notNull())
    .addColumn("email", "varchar(254)", (column) => column.notNull())
    .addColumn("name", "varchar(100)", (column) => column.notNull())
    .addColumn("role", "varchar(20)", (column) => column.notNull())
    .addColumn("password_hash", "varchar(200)", (column) => column.notNull())
    .addColumn("created_at", types.time, (column) => column.notNull())
    .addColumn("version", "integer", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("creation_key", "varchar(64)")
    .addColumn("creation_fingerprint", "varchar(64)")
    .addPrimaryKeyConstraint("pk_users", ["id"])
    .addUniqueConstraint("uq_users_email", ["email"])
    .addUniqueConstraint("uq_users_creation_key", ["creation_key"])
    .execute();
  await database.schema.createIndex("ix_users_created_at_id").on("users").columns(["created_at", "id"]).execute();
  await database.schema
    .createTable("sessions")
    .addColumn("id", "varchar(64)", (column) => column.notNull())
    .addColumn("user_id", types.id, (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("secret_hash", "varchar(64)", (column) => column.notNull())
    .addColumn("expires_at", types.time, (column) => column.notNull())
    .addPrimaryKeyConstraint("pk_sessions", ["id"])
    .addForeignKeyConstraint("fk_sessions_user_id", ["user_id"], "users", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await database.schema.createIndex("ix_sessions_user_id").on("sessions").column("user_id").execute();
};

export async function down(database: Kysely<unknown>): Promise<void> {
  await database.schema.dropTable("sessions").execute();
  await database.schema.dropTable("users").execute();
}
