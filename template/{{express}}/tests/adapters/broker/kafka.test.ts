/** What only Kafka has: partitions, and offsets that are committed batch by batch. */

import { Admin, Consumer, ProtocolError } from "@platformatic/kafka";
import { expect, onTestFinished, test, vi } from "vitest";
import { KafkaEventBus } from "../../../src/adapters/broker/kafka.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import type { Event } from "../../../src/domain/events.ts";
import { MovableClock } from "../../clock.ts";
import { newEvent } from "../../events.ts";
import { configured } from "../../fixtures.ts";
import { until } from "../../until.ts";
import { own } from "./kafka.ts";
import { Reader } from "./reader.ts";

const KINDS = ["one"];
const SERVERS = configured.brokerUrl.replace("kafka://", "");
const CLIENT = { clientId: "tests", bootstrapBrokers: SERVERS.split(",") };

async function newBus(): Promise<{ bus: KafkaEventBus; topic: string }> {
  const space = await own(configured);
  onTestFinished(() => space.remove());
  const topic = String(space.settings.eventsTopic);
  const bus = new KafkaEventBus(SERVERS, topic, new MovableClock(), 10);
  onTestFinished(() => bus.close());
  return { bus, topic };
}

function read(bus: KafkaEventBus): Reader {
  const reader = new Reader(bus, KINDS);
  onTestFinished(() => reader.stop());
  return reader;
}

test("what was published before anybody read is not lost", async () => {
  const { bus } = await newBus();
  const subjects = Array.from({ length: 20 }, (_, number) => `user ${number}`);
  await bus.publish(subjects.map((subject) => newEvent(subject, "one")));
  const reader = read(bus);
  await until(() => reader.bodies.length >= 20);

  expect(reader.events.map(({ subject }) => subject).sort()).toEqual(subjects.sort());
});

test("an event whose handler breaks comes again", async () => {
  const { bus } = await newBus();
  await bus.publish([newEvent("ann", "one")]);
  const found: Uint8Array[] = [];
  const stopping = new AbortController();
  const consuming = bus.consume(
    KINDS,
    async (body) => {
      found.push(body);
      if (found.length === 1) throw new Error("no luck");
    },
    stopping.signal,
  );
  await until(() => found.length >= 2);
  stopping.abort();
  await consuming;

  expect(found[0]).toEqual(found[1]);
});

test("it goes on after its stream has broken", async () => {
  const { bus } = await newBus();
  const consume = vi.spyOn(Consumer.prototype, "consume");
  const reader = read(bus);
  const [first, second] = [newEvent("ann", "one"), newEvent("ann", "one")];
  await bus.publish([first]);
  await until(() => reader.has(first));
  const stream = await consume.mock.results[0]?.value;
  stream.destroy(new Error("the connection is gone"));
  await bus.publish([second]);
  await until(() => reader.has(second));

  expect(consume).toHaveBeenCalledTimes(2);
});

test("it goes on when the group is rearranged before it could commit", async () => {
  const { bus } = await newBus();
  const commit = vi.spyOn(Consumer.prototype, "commit");
  const reader = read(bus);
  const [first, second, third] = [1, 2, 3].map(() => newEvent("ann", "one")) as [Event, Event, Event];
  const rearranged = new ProtocolError("REBALANCE_IN_PROGRESS");
  commit.mockImplementationOnce(() => Promise.reject(rearranged));
  await bus.publish([first]);
  await until(() => commit.mock.calls.length === 1);
  await bus.publish([second]);
  await until(() => commit.mock.calls.length === 2);
  expect(reader.events).toEqual([first, second]); // Nothing came again.

  commit.mockImplementationOnce(() => Promise.reject(new Error("no luck")));
  await bus.publish([third]);
  await until(() => reader.events.filter(({ id }) => id === third.id).length === 2);
});

test("the events of a subject are in the partition that all clients choose for it", async () => {
  const { bus, topic } = await newBus();
  const subjects = ["ann", "bob", "carl", "é", ""];
  await bus.publish(subjects.map((subject) => newEvent(subject, "one")));
  const consumer = new Consumer({ ...CLIENT, groupId: `${topic}-look` });
  onTestFinished(() => consumer.close());
  const stream = await consumer.consume({ topics: [topic], mode: "earliest" });
  const found = new Map<string, number>();
  for await (const { key, partition } of stream) {
    found.set(key?.toString() ?? "", partition);
    if (found.size === subjects.length) break;
  }
  await stream.close();

  // As aiokafka's DefaultPartitioner and Java's have it, of six.
  expect(Object.fromEntries(found)).toMatchObject({ ann: 2, bob: 0, carl: 4, é: 3 });
});

test("a topic that is there already is taken as it is", async () => {
  const { bus, topic } = await newBus();
  const admin = new Admin(CLIENT);
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  await admin.close();
  await bus.publish([newEvent("", "one"), newEvent("ann", "one")]);
  const reader = read(bus);
  await until(() => reader.bodies.length >= 2);
});

test("a broker that is not there is unavailable", async () => {
  const bus = new KafkaEventBus("127.0.0.1:1", "nowhere", new MovableClock());

  await expect(bus.publish([newEvent()])).rejects.toThrow(Unavailable);
  await expect(bus.ping()).rejects.toThrow();
  await bus.close();
});

test("publishing goes on after the producer was closed", async () => {
  const { bus } = await newBus();
  await bus.publish([newEvent("ann", "one")]);
  await bus.close();
  await bus.publish([newEvent("ann", "one")]);
});
