/** Kafka: one topic for all events, keyed by subject, one consumer group for each service and topic. */

import { randomInt } from "node:crypto";
import {
  Admin,
  Consumer,
  compatibilityPartitioner,
  GenericError,
  type Message,
  type MessagesStream,
  ProduceAcks,
  Producer,
} from "@platformatic/kafka";
import { NAME } from "../../about.ts";
import type { Event } from "../../domain/events.ts";
import * as cloudevents from "../../platform/cloudevents.ts";
import { Doorbell } from "../../platform/doorbell.ts";
import { log } from "../../platform/logs.ts";
import { Turns } from "../../platform/turns.ts";
import type { Clock, EventBus } from "../../ports.ts";
import type { Settings } from "../../settings.ts";
import { allDone, closed, type Handle, Publisher, Reopening, reconnecting } from "./common.ts";

/** Of a topic that does not exist yet: so many instances can share the work. */
const PARTITIONS = 6;

const BROKERS_DEFAULT = -1;
const EPOCH_UNKNOWN = -1;
const BATCH = 200;
const POLL_MILLISECONDS = 1_000;

/** After this time, the others of its group take over from an instance that has died; the least that brokers allow. */
const SESSION_MILLISECONDS = 6_000;

const HEARTBEAT_MILLISECONDS = 2_000;

const NOTHING = new Uint8Array();

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

export function connect(settings: Settings, clock: Clock): EventBus {
  return new KafkaEventBus(settings.brokerUrl.replace("kafka://", ""), settings.eventsTopic, clock);
}

export class KafkaEventBus extends Publisher implements EventBus {
  readonly #client: { readonly clientId: string; readonly bootstrapBrokers: string[] };
  readonly #topic: string;
  readonly #reconnectMilliseconds: number | undefined;
  readonly #producer: Reopening<Producer>;
  readonly #turns = new Turns();

  constructor(servers: string, topic: string, clock: Clock, reconnectMilliseconds?: number) {
    super(clock);
    this.#client = { clientId: NAME, bootstrapBrokers: servers.split(",") };
    this.#topic = topic;
    this.#reconnectMilliseconds = reconnectMilliseconds;
    this.#producer = new Reopening(() => this.#openProducer(), shut);
  }

  async publish(events: readonly Event[]): Promise<void> {
    const messages = events.map((event) => ({
      topic: this.#topic,
      value: cloudevents.encode(event),
      ...(event.subject && { key: Buffer.from(event.subject) }),
    }));
    // One after the other: the broker tells repeated batches from new ones by their sequence.
    await this.#turns.of(this.#topic, () => this.#producer.use((producer) => producer.send({ messages })));
  }

  async consume(_types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    await reconnecting(() => this.#consume(handle, signal), signal, this.#reconnectMilliseconds);
  }

  async ping(): Promise<void> {
    await this.#withAdmin((admin) => admin.metadata({ topics: [] }));
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  async #openProducer(): Promise<Producer> {
    await this.#createTopic();
    return new Producer({ ...this.#client, acks: ProduceAcks.ALL, idempotent: true, partitioner: partitionOf });
  }

  async #consume(handle: Handle, signal: AbortSignal): Promise<void> {
    await this.#createTopic();
    const consumer = new Consumer({
      ...this.#client,
      groupId: `${NAME}.${this.#topic}`,
      sessionTimeout: SESSION_MILLISECONDS,
      rebalanceTimeout: SESSION_MILLISECONDS,
      heartbeatInterval: HEARTBEAT_MILLISECONDS,
      maxWaitTime: POLL_MILLISECONDS,
    });
    try {
      const stream = await consumer.consume({
        topics: [this.#topic],
        mode: "committed",
        fallbackMode: "earliest",
        autocommit: false,
      });
      await read(stream, handle, signal);
    } finally {
      await closed(shut(consumer));
    }
  }

  async #createTopic(): Promise<void> {
    await this.#withAdmin(async (admin) => {
      try {
        await admin.createTopics({ topics: [this.#topic], partitions: PARTITIONS, replicas: BROKERS_DEFAULT });
      } catch (error) {
        if (!says(error, "apiId", "TOPIC_ALREADY_EXISTS")) throw error;
      }
    });
  }

  async #withAdmin<Result>(work: (admin: Admin) => Promise<Result>): Promise<Result> {
    const admin = new Admin({ ...this.#client, retries: 0 });
    try {
      return await work(admin);
    } finally {
      await closed(admin.close());
    }
  }
}

/** As all other clients of Kafka do it, so that the events of a subject are in one partition whoever publishes them. */
function partitionOf(message: unknown, key: Buffer | undefined): number {
  return key ? compatibilityPartitioner(message as never, key) : randomInt(PARTITIONS);
}

/** Hands batch after batch of messages on, until the signal is aborted. */
async function read(stream: Stream, handle: Handle, signal: AbortSignal): Promise<void> {
  const doorbell = new Doorbell();
  let failure: Error | undefined;
  stream.on("readable", () => doorbell.ring());
  stream.on("error", (error) => {
    failure = error;
    doorbell.ring();
  });
  while (!signal.aborted) {
    if (failure) throw failure;
    const messages = available(stream);
    if (messages.length > 0) await handleAll(stream, messages, handle);
    else await doorbell.wait(POLL_MILLISECONDS, signal);
  }
}

function available(stream: Stream): Message[] {
  const messages: Message[] = [];
  while (messages.length < BATCH) {
    const message: Message | null = stream.read();
    if (!message) break;
    messages.push(message);
  }
  return messages;
}

async function handleAll(stream: Stream, messages: readonly Message[], handle: Handle): Promise<void> {
  await allDone(messages.map((message) => handle(message.value ?? NOTHING)));
  const last = new Map(messages.map((message) => [message.partition, message]));
  const offsets = [...last.values()].map(({ topic, partition, offset }) => {
    return { topic, partition, offset: offset + 1n, leaderEpoch: EPOCH_UNKNOWN };
  });
  try {
    await stream.consumer.commit({ offsets });
  } catch (error) {
    // Other instances come and go: whoever has these partitions now gets the messages again, and knows them.
    if (!says(error, "needsRejoin", true)) throw error;
    log.debug("the consumer group is being rearranged");
  }
}

/** Without waiting for what is under way. */
function shut(client: Producer | Consumer): Promise<void> {
  return new Promise((resolve) => client.close(true, () => resolve()));
}

/** Whether Kafka says so somewhere in an error, which holds one for each partition. */
function says(error: unknown, property: string, value: unknown): boolean {
  if (!(error instanceof Error && GenericError.isGenericError(error))) return false;
  return (error as GenericError).findBy(property, value) !== null;
}
