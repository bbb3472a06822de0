/** What every bus promises. */

import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { SOURCE } from "../../../src/about.ts";
import type { Event } from "../../../src/domain/events.ts";
import { endedWithin } from "../../../src/platform/pause.ts";
import * as traceContext from "../../../src/platform/trace-context.ts";
import type { EventBus } from "../../../src/ports.ts";
import type { Settings } from "../../../src/settings.ts";
import { MovableClock } from "../../clock.ts";
import { NOON, newEvent, TRACE } from "../../events.ts";
import { configured, makeSettings } from "../../fixtures.ts";
import { until } from "../../until.ts";
import { connectBus, broker as testBroker } from "../../wiring.ts";
import { Reader } from "./reader.ts";

const [ONE, OTHER] = ["one", "other"];

/** A bus that only this test uses. */
async function newBus(): Promise<EventBus> {
  const bus = connectBus(await newSettings(), new MovableClock(NOON));
  onTestFinished(() => bus.close());
  return bus;
}

async function newSettings(): Promise<Settings> {
  const space = await testBroker.own(configured);
  onTestFinished(() => space.remove());
  return makeSettings(space.settings);
}

function read(bus: EventBus): Reader {
  const reader = new Reader(bus, [ONE, OTHER]);
  onTestFinished(() => reader.stop());
  return reader;
}

function events(count: number, subject = "somebody"): Event[] {
  return Array.from({ length: count }, () => newEvent(subject, ONE));
}

const byId = (one: Event, other: Event) => one.id.localeCompare(other.id);

test("it answers", async () => {
  const bus = await newBus();

  await bus.ping();
});

test("what is published arrives whole and once", async () => {
  const bus = await newBus();
  const sent: Event[] = [
    { ...newEvent("ann", ONE), data: { text: "é😀", number: 1.5, nothing: null }, trace: TRACE },
    { ...newEvent("", OTHER), data: {} },
  ];
  const reader = read(bus);
  await bus.publish(sent);
  await until(() => reader.bodies.length >= 2);
  await setTimeout(100);

  expect(reader.events.sort(byId)).toEqual(sent.sort(byId));
});

test("events of a subject arrive in their order", async () => {
  const bus = await newBus();
  const sent = Array.from({ length: 50 }, () => [...events(1, "ann"), ...events(1, "bob")]).flat();
  const reader = read(bus);
  for (let start = 0; start < 100; start += 25) await bus.publish(sent.slice(start, start + 25));
  await until(() => reader.bodies.length >= 100);

  for (const subject of ["ann", "bob"]) {
    const of = (all: readonly Event[]) => all.filter((event) => event.subject === subject).map((event) => event.id);
    expect(of(reader.events)).toEqual(of(sent));
  }
});

test("an event can be published right away", async () => {
  const bus = await newBus();
  const reader = read(bus);
  await traceContext.bound(TRACE, () => bus.publishEvent(ONE, { a: 1 }, "ann"));
  await until(() => reader.bodies.length > 0);

  expect(reader.events).toEqual([
    { source: SOURCE, id: expect.any(String), type: ONE, subject: "ann", time: NOON, data: { a: 1 }, trace: TRACE },
  ]);
});

test("many are handled at the same time", async () => {
  const bus = await newBus();
  const reader = read(bus);
  reader.hold();
  const publishing = bus.publish(events(5));
  await until(() => reader.bodies.length >= 5);
  reader.letGo();
  await publishing;
});

test("who stops reading finishes what has begun", async () => {
  const bus = await newBus();
  const reader = read(bus);
  reader.hold();
  const publishing = bus.publish(events(3));
  await until(() => reader.bodies.length >= 3);
  const stopping = reader.stop();
  await endedWithin(50, stopping);
  reader.letGo();
  await Promise.all([stopping, publishing]);

  expect(reader.finished).toBe(3);
});

test("who reads again goes on where it stopped", async () => {
  const bus = await newBus();
  const [first, second] = [newEvent("ann", ONE), newEvent("ann", ONE)];
  const reader = read(bus);
  await bus.publish([first]);
  await until(() => reader.finished > 0);
  await reader.stop();
  const again = read(bus);
  await bus.publish([second]);
  await until(() => again.bodies.length > 0);
  await setTimeout(100);

  expect(reader.events).toEqual([first]);
  expect(again.events).toEqual([second]);
});

test("the tests use no bus of anybody else", async () => {
  const own = Object.entries(await newSettings()).filter(([name]) => /^events[A-Z]/.test(name));

  for (const [name, value] of own)
    expect(value).not.toBe(Object.entries(configured).find(([each]) => each === name)?.[1]);
});
