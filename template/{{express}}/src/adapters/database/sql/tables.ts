/** The tables, as Kysely types them. What they are in the database, the migrations say: change both together. */

import type { Generated, Kysely } from "kysely";
import type { Role } from "../../../domain/users.ts";

export interface Tables {
  readonly users: UserTable;
  readonly sessions: SessionTable;
  readonly outbox: OutboxTable;
  readonly inbox: InboxTable;
  readonly dead_letters: DeadLetterTable;
  readonly activity: ActivityTable;
  readonly leases: LeaseTable;
}

/** A connection to these tables, or a pool of connections. */
export type Connection = Kysely<Tables>;

export interface UserTable {
  id: string;
  email: string;
  name: string;
  role: Role;
  password_hash: string;
  created_at: Date;
  version: number;
  generation: number;
  creation_key: string | null;
  creation_fingerprint: string | null;
}

export interface SessionTable {
  id: string;
  user_id: string;
  generation: number;
  secret_hash: string;
  expires_at: Date;
}

interface EventColumns {
  id: string;
  source: string;
  type: string;
  subject: string;
  time: Date;
  /** An object; the database keeps it as JSON. */
  data: Readonly<Record<string, unknown>>;
  trace: string | null;
}

export interface OutboxTable extends EventColumns {
  /** Of two events of one subject, the later one has the higher position, since it waited for a lock on the record. */
  position: Generated<number>;
}

export interface InboxTable extends EventColumns {
  key: string;
}

export interface DeadLetterTable {
  id: string;
  body: Uint8Array;
  error: string;
  attempts: number;
  parked_at: Date;
}

export interface ActivityTable {
  key: string;
  id: string;
  type: string;
  user_id: string | null;
  by: string | null;
  time: Date;
}

export interface LeaseTable {
  name: string;
  owner: string;
  until: Date;
}
