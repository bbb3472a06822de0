/** All migrations, in their order. Add yours at the end; what has been released stays as it is. */

import type { ColumnDataType, Migration } from "kysely";
import * as usersAndSessions from "./0001-users-and-sessions.ts";
import * as events from "./0002-events.ts";

/** What each database calls some types of columns. */
export interface ColumnTypes {
  readonly id: ColumnDataType;
  readonly time: ColumnDataType;
  readonly bytes: ColumnDataType;
  /** A whole number that counts up by itself. */
  readonly position: ColumnDataType;
}

interface TypedMigration {
  up(types: ColumnTypes): Migration["up"];
  readonly down: NonNullable<Migration["down"]>;
}

const ALL: Readonly<Record<string, TypedMigration>> = {
  "0001-users-and-sessions": usersAndSessions,
  "0002-events": events,
};

/** The migrations for a database with these types, by their names. */
export function migrations(types: ColumnTypes): Record<string, Migration> {
  return Object.fromEntries(Object.entries(ALL).map(([name, { up, down }]) => [name, { up: up(types), down }]));
}
