/**
 * Kysely's driver for one connection to a file.
 *
 * libsql works synchronously: a statement takes microseconds, less than to hand it to a thread. What can take longer is
 * to wait for another process that writes; that is done here, and never in libsql, where everything else would wait too.
 */

import { setTimeout } from "node:timers/promises";
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import Sqlite from "libsql";
import { ConstraintViolated, databaseDoesNotAnswer } from "../sql/failures.ts";
import type { Gate } from "../sql/gate.ts";
import { decoderOf, encode, type Row } from "./values.ts";

/** How long a writer waits for its turn, and how often it looks. */
const LOCK_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 5;

const STATEMENTS_KEPT = 100;

/** What the file or its disk is to blame for, and no statement. */
const NOT_SERVING = /^SQLITE_(BUSY|LOCKED|IOERR|CORRUPT|NOTADB|FULL|CANTOPEN|READONLY|PROTOCOL)/;

/** At most one row comes of it: to get it takes a fraction of the time that a cursor takes. */
const ONE_ROW = / limit 1$/;

interface Statement {
  get(row: readonly unknown[]): unknown;
  run(row: readonly unknown[]): { changes: number };
  all(row: readonly unknown[]): unknown[];
  readonly reader: boolean;
  columns(): { name: string; type: string | null }[];
}

/** Opens the file when it is first needed, and again if that fails. */
export class SqliteDriver implements Driver {
  readonly #path: string;
  readonly #gate: Gate;
  #connection: SqliteConnection | undefined;

  constructor(path: string, gate: Gate) {
    this.#path = path;
    this.#gate = gate;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    await this.#gate.enter();
    try {
      this.#connection ??= new SqliteConnection(open(this.#path));
      return this.#connection;
    } catch (error) {
      this.#gate.leave();
      throw databaseDoesNotAnswer(error);
    }
  }

  async releaseConnection(): Promise<void> {
    this.#gate.leave();
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.begin();
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    connection.end("COMMIT");
  }

  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    connection.end("ROLLBACK");
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

export class SqliteConnection implements DatabaseConnection {
  readonly #database: Sqlite.Database;
  readonly #statements = new Map<string, PreparedStatement>();
  #isToBegin = false;

  constructor(database: Sqlite.Database) {
    this.#database = database;
  }

  /**
   * Begins a transaction with its first statement, which then takes as long as it waits for its turn.
   *
   * `IMMEDIATE`, since a transaction that becomes a writer later could fail.
   */
  begin(): void {
    this.#isToBegin = true;
  }

  end(how: "COMMIT" | "ROLLBACK"): void {
    this.#isToBegin = false;
    if (this.#database.inTransaction) translated(() => this.#database.exec(how));
  }

  async executeQuery<Result>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Result>> {
    if (this.#isToBegin) {
      await patiently(() => this.#database.exec("BEGIN IMMEDIATE"));
      this.#isToBegin = false;
    }
    const { rows, changes } = await patiently(() => this.#prepared(sql).execute(parameters));
    return { rows: rows as Result[], numAffectedRows: BigInt(changes) };
  }

  streamQuery(): never {
    throw new Error("Rows are read page by page.");
  }

  close(): void {
    this.#database.close();
  }

  #prepared(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    const statement = new PreparedStatement(this.#database.prepare(sql) as unknown as Statement, ONE_ROW.test(sql));
    this.#statements.set(sql, statement);
    return statement;
  }
}

class PreparedStatement {
  readonly #statement: Statement;
  readonly #givesOneRow: boolean;
  readonly #decode: ((row: Row) => Row) | undefined;

  constructor(statement: Statement, givesOneRow: boolean) {
    this.#statement = statement;
    this.#givesOneRow = givesOneRow;
    this.#decode = statement.reader ? decoderOf(statement.columns()) : undefined;
  }

  execute(parameters: readonly unknown[]): { rows: readonly Row[]; changes: number } {
    const values = parameters.map(encode);
    if (!this.#decode) return { rows: [], changes: this.#statement.run(values).changes };
    return { rows: this.#rows(values).map(this.#decode), changes: 0 };
  }

  #rows(values: readonly unknown[]): Row[] {
    if (!this.#givesOneRow) return this.#statement.all(values) as Row[];
    const row = this.#statement.get(values) as Row | undefined;
    return row ? [row] : [];
  }
}

function open(path: string): Sqlite.Database {
  const database = new Sqlite(path);
  // Readers and the writer do not wait for each other; a commit survives a crash of the process.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.pragma("foreign_keys = ON");
  return database;
}

/** Tries as long as another process has the file to itself. */
async function patiently<Result>(work: () => Result): Promise<Result> {
  const patienceEnds = performance.now() + LOCK_MILLISECONDS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (codeOf(error) !== "SQLITE_BUSY" || performance.now() > patienceEnds) throw translation(error);
    }
    await setTimeout(POLL_MILLISECONDS);
  }
}

function translated<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw translation(error);
  }
}

function translation(error: unknown): unknown {
  const code = codeOf(error);
  if (code.startsWith("SQLITE_CONSTRAINT")) return new ConstraintViolated(code, { cause: error });
  return NOT_SERVING.test(code) ? databaseDoesNotAnswer(error) : error;
}

function codeOf(error: unknown): string {
  return error instanceof Sqlite.SqliteError ? error.code : "";
}
