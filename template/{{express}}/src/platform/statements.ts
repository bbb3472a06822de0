/** Times every statement that goes to the database. */

import { log } from "./logs.ts";
import type { Metrics } from "./metrics.ts";

const LONGEST_STATEMENT_LOGGED = 2_000;

/** Feeds the histogram, and warns of slow statements: never with their parameters, which may be secrets. */
export class StatementTimer {
  readonly #metrics: Metrics;
  readonly #slowMilliseconds: number;

  constructor(metrics: Metrics, slowMilliseconds: number) {
    this.#metrics = metrics;
    this.#slowMilliseconds = slowMilliseconds;
  }

  /**
   * Notes that a statement was carried out.
   *
   * @param operation Its kind, such as `SELECT` or `find`.
   * @param statement Makes its text, with placeholders; asked for slow ones only.
   */
  record(operation: string, statement: () => string, milliseconds: number): void {
    this.#metrics.statementDuration.observe({ operation }, milliseconds / 1_000);
    if (milliseconds > this.#slowMilliseconds) {
      const text = statement().slice(0, LONGEST_STATEMENT_LOGGED);
      log.warn({ statement: text, duration_ms: round(milliseconds) }, "slow query");
    }
  }
}

/** To a tenth. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
