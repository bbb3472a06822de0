import { expect, test, vi } from "vitest";
import { log } from "../../src/platform/logs.ts";
import { Metrics } from "../../src/platform/metrics.ts";
import { StatementTimer } from "../../src/platform/statements.ts";
import { sample } from "../samples.ts";

test("every statement is timed, and the slow ones are told, cut to size", async () => {
  const warn = vi.spyOn(log, "warn");
  const metrics = new Metrics();
  const timer = new StatementTimer(metrics, 100);

  timer.record("SELECT", () => "select quickly", 100);
  timer.record("SELECT", () => "select slowly", 100.06);
  timer.record("INSERT", () => "x".repeat(3_000), 2_000);

  expect(await sample(metrics, "db_statement_duration_seconds_count", { operation: "SELECT" })).toBe(2);
  expect(await sample(metrics, "db_statement_duration_seconds_sum", { operation: "INSERT" })).toBe(2);
  expect(warn.mock.calls).toEqual([
    [{ statement: "select slowly", duration_ms: 100.1 }, "slow query"],
    [{ statement: "x".repeat(2_000), duration_ms: 2_000 }, "slow query"],
  ]);
});
