import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { bound, current } from "../../src/platform/trace-context.ts";
import { TRACE } from "../events.ts";

test("it is there for as long as some work takes", () => {
  expect(current()).toBeNull();
  bound(TRACE, () => {
    expect(current()).toBe(TRACE);
    bound(null, () => expect(current()).toBeNull());
    expect(current()).toBe(TRACE);
  });
  expect(current()).toBeNull();
});

test.each(["", "nonsense", TRACE.toUpperCase(), TRACE.slice(0, -1), `${TRACE}-more`, `${TRACE}\n`, 1, undefined])(
  "what is not well-formed is ignored: %j",
  (given) => {
    expect(bound(given, current)).toBeNull();
  },
);

test("what goes on at the same time has its own", async () => {
  const look = (given: string | null) =>
    bound(given, async () => {
      await setTimeout(5);
      return current();
    });

  expect(await Promise.all([look(TRACE), look(null)])).toEqual([TRACE, null]);
});
