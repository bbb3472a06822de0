import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { Gate } from "../../../../src/adapters/database/sql/gate.ts";
import { Unavailable } from "../../../../src/domain/errors.ts";

test("who waits gets in when somebody leaves, in the order in which they came", async () => {
  const gate = new Gate({ places: 1, patienceMilliseconds: 1_000 });
  await gate.enter();
  const entered: string[] = [];
  const waiting = ["one", "two"].map(async (name) => {
    await gate.enter();
    entered.push(name);
  });
  await setTimeout(10);
  expect([entered, gate.taken]).toEqual([[], 1]);
  gate.leave();
  await waiting[0];
  expect(entered).toEqual(["one"]);
  gate.leave();
  await waiting[1];
  gate.leave();

  expect([entered, gate.taken]).toEqual([["one", "two"], 0]);
});

test("nobody waits for ever", async () => {
  const gate = new Gate({ places: 1, patienceMilliseconds: 20 });
  await gate.enter();

  await expect(gate.enter()).rejects.toThrow(Unavailable);
  gate.leave();
  await gate.enter(); // Who gave up has not taken the place.
  expect(gate.taken).toBe(1);
});

test("not any number of them wait", async () => {
  const gate = new Gate({ places: 1, patienceMilliseconds: 1_000, longestQueue: 1 });
  await gate.enter();
  const waiting = gate.enter();

  await expect(gate.enter()).rejects.toThrow("All connections to the database are in use.");
  gate.leave();
  await waiting;
});
