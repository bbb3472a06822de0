/** What only Redis has: entries that another instance takes over, and channels beside the stream. */

import { setTimeout } from "node:timers/promises";
import { createClient } from "redis";
import { expect, onTestFinished, test, vi } from "vitest";
import { NAME } from "../../../src/about.ts";
import { RedisEventBus } from "../../../src/adapters/broker/redis.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import * as cloudevents from "../../../src/platform/cloudevents.ts";
import { MovableClock } from "../../clock.ts";
import { newEvent } from "../../events.ts";
import { configured } from "../../fixtures.ts";
import { until } from "../../until.ts";
import { Reader } from "./reader.ts";
import { own } from "./redis.ts";

const KINDS = ["one"];
const QUICK = { claimMilliseconds: 50, blockMilliseconds: 20, reconnectMilliseconds: 10 };

// A name of its own, by which its connections can be told from those of other tests.
vi.mock("../../../src/about.ts", async (importOriginal) => {
  const name = `tests-${Math.random().toString(36).slice(2)}`;
  return { ...(await importOriginal<object>()), NAME: name };
});

async function newStream(): Promise<string> {
  const space = await own(configured);
  onTestFinished(() => space.remove());
  return String(space.settings.eventsStream);
}

function newBus(stream: string): RedisEventBus {
  const bus = new RedisEventBus(configured.brokerUrl, stream, new MovableClock(), QUICK);
  onTestFinished(() => bus.close());
  return bus;
}

function read(bus: RedisEventBus): Reader {
  const reader = new Reader(bus, KINDS);
  onTestFinished(() => reader.stop());
  return reader;
}

async function newClient() {
  const client = await createClient({ url: configured.brokerUrl }).connect();
  onTestFinished(() => client.destroy());
  return client;
}

test("what another instance left undone is taken over", async () => {
  const stream = await newStream();
  const [bus, client] = [newBus(stream), await newClient()];
  const event = newEvent("ann", "one");
  await bus.publish([event]);
  await client.xGroupCreate(stream, NAME, "0");
  await client.xReadGroup(NAME, "who was killed", { key: stream, id: ">" });
  const reader = read(bus);
  await until(() => reader.finished > 0);
  await setTimeout(100);

  expect(reader.events).toEqual([event]);
});

test("an event whose handler breaks comes again", async () => {
  const bus = newBus(await newStream());
  await bus.publish([newEvent("ann", "one")]);
  const stopping = new AbortController();
  let attempts = 0;
  const consuming = bus.consume(
    KINDS,
    async () => {
      attempts += 1;
      if (attempts === 1) throw new Error("no luck");
    },
    stopping.signal,
  );
  await until(() => attempts === 2);
  stopping.abort();
  await consuming;
});

test("an entry of somebody else is handed on as it is", async () => {
  const stream = await newStream();
  const [bus, client] = [newBus(stream), await newClient()];
  await client.xAdd(stream, "*", { event: Buffer.of(0xff), more: "1" });
  await client.xAdd(stream, "*", { unknown: "1" });
  const reader = read(bus);
  await until(() => reader.finished >= 2);

  expect(reader.bodies.map((body) => [...body])).toEqual([[0xff], []]);
});

test("who only wants to know at once subscribes", async () => {
  const stream = await newStream();
  const [bus, client] = [newBus(stream), await newClient()];
  const heard: string[] = [];
  await client.subscribe(`${stream}:one`, (message) => heard.push(message));
  const event = newEvent("ann", "one");
  await bus.publish([event, newEvent("ann", "other")]);
  await until(() => heard.length > 0);

  expect(heard.map((message) => cloudevents.decode(Buffer.from(message)))).toEqual([event]);
});

test("it goes on after its connections were lost", async () => {
  const [bus, client] = [newBus(await newStream()), await newClient()];
  const reader = read(bus);
  for (let times = 1; times <= 3; times += 1) {
    const event = newEvent("ann", "one");
    await until(() =>
      bus.publish([event]).then(
        () => true,
        () => false,
      ),
    );
    await until(() => reader.has(event));
    for (const { id, name } of await client.clientList()) {
      if (name === NAME) await client.clientKill({ filter: "ID", id });
    }
  }
});

test("a stream that was deleted is made anew", async () => {
  const stream = await newStream();
  const [bus, client] = [newBus(stream), await newClient()];
  const reader = read(bus);
  await bus.publish([newEvent("ann", "one")]);
  await until(() => reader.finished === 1);
  await client.del(stream);
  await bus.publish([newEvent("ann", "one")]);
  await until(() => reader.finished === 2);
});

test("a broker that is not there is unavailable", async () => {
  const bus = new RedisEventBus("redis://127.0.0.1:1/0", "nowhere", new MovableClock());

  await expect(bus.publish([newEvent()])).rejects.toThrow(Unavailable);
  await expect(bus.ping()).rejects.toThrow(Unavailable);
  await bus.close();
});
