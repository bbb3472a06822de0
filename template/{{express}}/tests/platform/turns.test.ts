import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { Places } from "../../src/platform/places.ts";
import { Turns } from "../../src/platform/turns.ts";
import { Gate } from "../gate.ts";

test("work of one name is done in turn, and that of others meanwhile", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const take = (what: string, name: string) =>
    turns.of(name, async () => {
      await setTimeout(5);
      order.push(what);
    });
  await Promise.all([take("0", "ann"), take("1", "ann"), take("2", "ann"), take("bob's", "bob")]);

  expect(order.filter((each) => each !== "bob's")).toEqual(["0", "1", "2"]);
  expect(order.indexOf("bob's")).toBeLessThan(2);
  expect(turns.isEmpty).toBe(true);
});

test("work that fails does not keep the next one from its turn", async () => {
  const turns = new Turns();
  const failing = turns.of("ann", async () => {
    throw new Error("no luck");
  });
  const next = turns.of("ann", async () => "done");

  await expect(failing).rejects.toThrow("no luck");
  expect(await next).toBe("done");
  expect(turns.isEmpty).toBe(true);
});

test("so much work is done at the same time as there are places", async () => {
  const places = new Places(2);
  const gate = new Gate();
  let begun = 0;
  const work = async () => {
    begun += 1;
    await gate.passed;
    if (begun % 2) throw new Error("no luck");
  };
  const all = Promise.allSettled(Array.from({ length: 5 }, () => places.take(work)));
  await setTimeout(5);
  expect(begun).toBe(2);
  gate.open();
  await all;

  expect(begun).toBe(5);
  expect(await places.take(async () => "free")).toBe("free");
});
