import { setTimeout } from "node:timers/promises";
import { assert } from "vitest";

const PATIENCE_MILLISECONDS = 20_000;

/** Waits until something is so, or fails. */
export async function until(condition: () => boolean | Promise<boolean>, what = String(condition)): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await condition())) {
    assert(performance.now() < deadline, `is still not so: ${what}`);
    await setTimeout(5);
  }
}
