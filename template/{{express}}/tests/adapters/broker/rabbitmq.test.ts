/** What only RabbitMQ has: two ways for an event to go, and connections that may be lost. */

import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import { assert, expect, onTestFinished, test, vi } from "vitest";
import { RabbitEventBus } from "../../../src/adapters/broker/rabbitmq.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import { CONTENT_TYPE } from "../../../src/platform/cloudevents.ts";
import { MovableClock } from "../../clock.ts";
import { newEvent } from "../../events.ts";
import { configured } from "../../fixtures.ts";
import { until } from "../../until.ts";
import { own, remove } from "./rabbitmq.ts";
import { Reader } from "./reader.ts";

/** The connections that were opened since the test began. */
const opened = vi.hoisted((): ChannelModel[] => []);

vi.mock("amqplib", async (importOriginal) => {
  const original = await importOriginal<typeof import("amqplib")>();
  const connect = async (...options: Parameters<typeof original.connect>) => {
    const connection = await original.connect(...options);
    opened.push(connection);
    return connection;
  };
  return { ...original, connect };
});

/** Types of events that nobody else knows; each has a queue in the default exchange. */
function newKinds(): [string, string] {
  const [one, other] = [1, 2].map(() => `tests.${randomBytes(6).toString("hex")}`) as [string, string];
  onTestFinished(() => remove(configured.brokerUrl, { queues: [one, other] }));
  return [one, other];
}

function newBus(exchange = ""): RabbitEventBus {
  opened.length = 0;
  const bus = new RabbitEventBus(configured.brokerUrl, exchange, new MovableClock(), 10);
  onTestFinished(() => bus.close());
  return bus;
}

function read(bus: RabbitEventBus, kinds: readonly string[]): Reader {
  const reader = new Reader(bus, kinds);
  onTestFinished(() => reader.stop());
  return reader;
}

test("without an exchange, each type has a queue that keeps events", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const [one, other, another] = [newEvent("", kinds[0]), newEvent("", kinds[1]), newEvent("", kinds[0])];
  await bus.publish([one, other, another]);
  const reader = read(bus, [kinds[0]]);
  await until(() => reader.finished >= 2);
  await reader.stop();
  expect(reader.events).toEqual([one, another]);

  const again = read(bus, kinds);
  await until(() => again.finished > 0);
  await setTimeout(50);
  expect(again.events).toEqual([other]);
});

test("a message has the properties of the contract", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const event = newEvent("", kinds[0]);
  await bus.publish([event]);
  const connection = await connect(configured.brokerUrl);
  onTestFinished(() => connection.close());
  const message = await (await connection.createChannel()).get(kinds[0]);
  assert(message);

  expect(message.properties).toMatchObject({
    contentType: CONTENT_TYPE,
    deliveryMode: 2,
    messageId: event.id,
    type: event.type,
  });
});

test("two readers share what comes", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const sent = Array.from({ length: 20 }, (_, number) => newEvent(`user ${number}`, kinds[0]));
  const readers = [read(bus, kinds), read(bus, kinds)];
  await setTimeout(200);
  await bus.publish(sent);
  await until(() => readers.flatMap(({ bodies }) => bodies).length >= 20);

  const ids = readers.flatMap((reader) => reader.events.map(({ id }) => id));
  expect(ids.sort()).toEqual(sent.map(({ id }) => id).sort());
  for (const reader of readers) expect(reader.bodies).not.toHaveLength(0);
});

test("it goes on after its connections were lost", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const reader = read(bus, kinds);
  for (let times = 1; times <= 3; times += 1) {
    const event = newEvent("", kinds[0]);
    await bus.publish([event]);
    await until(() => reader.has(event));
    expect(opened).toHaveLength(2 * times);
    for (const connection of opened.slice(-2)) await connection.close();
  }
});

test("a message whose connection was lost comes again", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const reader = read(bus, kinds);
  await until(() => opened.length === 1);
  await bus.publish([newEvent("", kinds[0])]);
  reader.hold();
  await until(() => reader.bodies.length === 1);
  await opened[0]?.close();
  reader.letGo();
  await until(() => reader.bodies.length === 2);
});

test("a queue that was deleted is made anew", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const reader = read(bus, kinds);
  await bus.publish([newEvent("", kinds[0])]);
  await until(() => reader.finished === 1);
  await remove(configured.brokerUrl, { queues: kinds });
  await until(() =>
    bus.publish([newEvent("", kinds[0])]).then(
      () => true,
      () => false,
    ),
  );
  await until(() => reader.finished === 2);
});

test("an event that no queue is there for is not taken for published", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  await bus.publish([newEvent("", kinds[0])]);
  await remove(configured.brokerUrl, { queues: [kinds[0]] });

  await expect(bus.publish([newEvent("", kinds[0])])).rejects.toThrow(Unavailable);
  await bus.publish([newEvent("", kinds[0])]);
});

test("a message whose handler breaks comes again", async () => {
  const [kinds, bus] = [newKinds(), newBus()];
  const event = newEvent("", kinds[0]);
  await bus.publish([event]);
  const stopping = new AbortController();
  let attempts = 0;
  const consuming = bus.consume(
    kinds,
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

test("through an exchange, a service reads the types that it handles", async () => {
  const kinds = newKinds();
  const space = await own(configured);
  onTestFinished(() => space.remove());
  const bus = newBus(space.settings.eventsExchange);
  await bus.publish([newEvent("", kinds[0])]); // There is no reader yet, and never was one.
  const reader = read(bus, [kinds[0]]);
  const wanted = newEvent("", kinds[0]);
  await bus.publish([newEvent("", kinds[1]), wanted]);
  await until(() => reader.finished > 0);
  await setTimeout(50);

  expect(reader.events).toEqual([wanted]);
});

test("a broker that is not there is unavailable", async () => {
  const bus = new RabbitEventBus("amqp://127.0.0.1:1/", "", new MovableClock());

  await expect(bus.publish([newEvent()])).rejects.toThrow(Unavailable);
  await expect(bus.ping()).rejects.toThrow("ECONNREFUSED");
});
