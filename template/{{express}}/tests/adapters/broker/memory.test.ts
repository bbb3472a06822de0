/** What only the bus within the process must see to, since there is no broker that would keep an event. */

import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { MemoryEventBus } from "../../../src/adapters/broker/memory.ts";
import { SESSION_STARTED } from "../../../src/domain/events.ts";
import { MovableClock } from "../../clock.ts";
import { newEvent } from "../../events.ts";
import { Reader } from "./reader.ts";

test("an event is published when it has been handled", async () => {
  const bus = new MemoryEventBus(new MovableClock());
  let isPublished = false;
  const publishing = bus.publish([newEvent(), newEvent("somebody", "of.no.interest")]).then(() => {
    isPublished = true;
  });
  await setTimeout(10);
  const reader = new Reader(bus, [SESSION_STARTED]);
  reader.hold();
  await setTimeout(30);
  expect(isPublished).toBe(false);
  reader.letGo();
  await publishing;
  await reader.stop();

  expect(reader.finished).toBe(1);
});

test("an event whose handler breaks is not published", async () => {
  const bus = new MemoryEventBus(new MovableClock());
  const stopping = new AbortController();
  const consuming = bus.consume([SESSION_STARTED], () => Promise.reject(new Error("no luck")), stopping.signal);

  await expect(bus.publish([newEvent()])).rejects.toThrow("no luck");
  stopping.abort();
  await consuming;
});
