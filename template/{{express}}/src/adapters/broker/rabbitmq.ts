/**
 * RabbitMQ, by amqplib.
 *
 * By default an event goes through the default exchange, with its type as the routing key: into the queue of that name,
 * from which each event goes to one of all consumers. With the setting `EVENTS_EXCHANGE` it goes through the topic
 * exchange of that name, and every service has a queue of its own, which is named after both.
 */

import { EventEmitter, once } from "node:events";
import { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect as dial } from "amqplib";
import { NAME } from "../../about.ts";
import type { Event } from "../../domain/events.ts";
import * as cloudevents from "../../platform/cloudevents.ts";
import { aborted } from "../../platform/pause.ts";
import type { Clock, EventBus } from "../../ports.ts";
import type { Settings } from "../../settings.ts";
import { closed, type Handle, Publisher, Reopening, reconnecting } from "./common.ts";

const PREFETCH = 100;
const CONNECT_MILLISECONDS = 5_000;

interface Publishing {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** The queues that are known to be there. */
  readonly declared: Set<string>;
  /** The ids of messages that came back, since there was no queue for them. */
  readonly returned: Set<string>;
}

export function connect(settings: Settings, clock: Clock): EventBus {
  return new RabbitEventBus(settings.brokerUrl, settings.eventsExchange, clock);
}

export class RabbitEventBus extends Publisher implements EventBus {
  readonly #url: string;
  readonly #exchange: string;
  readonly #reconnectMilliseconds: number | undefined;
  readonly #publishing: Reopening<Publishing>;
  #isBound = true;
  readonly #bindings = new EventEmitter();

  /** @param exchange A topic exchange; empty for the default one. */
  constructor(url: string, exchange: string, clock: Clock, reconnectMilliseconds?: number) {
    super(clock);
    this.#url = url;
    this.#exchange = exchange;
    this.#reconnectMilliseconds = reconnectMilliseconds;
    this.#publishing = new Reopening(
      (lost) => this.#openPublishing(lost),
      ({ connection }) => connection.close(),
    );
  }

  async publish(events: readonly Event[]): Promise<void> {
    const messages = events.map((event) => ({ event, body: cloudevents.encode(event) }));
    await this.#publishing.use(async (publishing) => {
      await this.#prepare(publishing, new Set(events.map((event) => event.type)));
      for (const { event, body } of messages) this.#send(publishing.channel, event, body);
      await publishing.channel.waitForConfirms();
      const returned = events.filter((event) => publishing.returned.delete(event.id));
      if (returned.length > 0) throw new Error(`there is no queue for ${returned.map((event) => event.type)}`);
    });
  }

  async consume(types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    if (this.#exchange) this.#isBound = false; // What is published before is for nobody.
    await reconnecting(() => this.#consume(types, handle, signal), signal, this.#reconnectMilliseconds);
  }

  async ping(): Promise<void> {
    const connection = await this.#open();
    await connection.createChannel();
    await connection.close();
  }

  async close(): Promise<void> {
    await this.#publishing.close();
  }

  #send(channel: Channel, event: Event, body: Buffer): void {
    channel.publish(this.#exchange, event.type, body, {
      contentType: cloudevents.CONTENT_TYPE,
      persistent: true,
      messageId: event.id,
      type: event.type,
      // Through the default exchange it has to reach its queue; a topic need not interest anybody.
      mandatory: !this.#exchange,
    });
  }

  /** Makes sure that the messages have somewhere to go. */
  async #prepare({ channel, declared }: Publishing, types: ReadonlySet<string>): Promise<void> {
    if (this.#exchange) {
      while (!this.#isBound) await once(this.#bindings, "bound");
      await this.#declareExchange(channel);
      return;
    }
    for (const type of types) {
      if (!declared.has(type)) await channel.assertQueue(type, { durable: true });
      declared.add(type);
    }
  }

  async #consume(types: readonly string[], handle: Handle, signal: AbortSignal): Promise<void> {
    const connection = await this.#open();
    try {
      const channel = await connection.createChannel();
      const queues = await this.#declareQueues(channel, types);
      await channel.prefetch(PREFETCH);
      const reading = new Reading(channel, handle);
      await reading.start(queues);
      this.#isBound = true;
      this.#bindings.emit("bound");
      await reading.until(aborted(signal));
    } finally {
      await closed(connection.close());
    }
  }

  async #declareQueues(channel: Channel, types: readonly string[]): Promise<readonly string[]> {
    if (!this.#exchange) {
      for (const type of types) await channel.assertQueue(type, { durable: true });
      return types;
    }
    await this.#declareExchange(channel);
    const { queue } = await channel.assertQueue(`${NAME}.${this.#exchange}`, { durable: true });
    for (const type of types) await channel.bindQueue(queue, this.#exchange, type);
    return [queue];
  }

  async #declareExchange(channel: Channel): Promise<void> {
    await channel.assertExchange(this.#exchange, "topic", { durable: true });
  }

  async #openPublishing(lost: () => void): Promise<Publishing> {
    const connection = await this.#open();
    const channel = await connection.createConfirmChannel();
    const publishing: Publishing = { connection, channel, declared: new Set(), returned: new Set() };
    channel.on("error", ignore).on("close", lost); // As it does when the connection is gone.
    channel.on("return", ({ properties }) => publishing.returned.add(properties.messageId));
    return publishing;
  }

  async #open(): Promise<ChannelModel> {
    const connection = await dial(this.#url, {
      timeout: CONNECT_MILLISECONDS,
      clientProperties: { connection_name: NAME },
    });
    return connection.on("error", ignore);
  }
}

/** Reads from queues, until it breaks off or is stopped. */
class Reading {
  readonly #channel: Channel;
  readonly #handle: Handle;
  readonly #handling = new Set<Promise<void>>();
  readonly #consumers: string[] = [];
  readonly #broken: Promise<never>;
  breakOff!: (error: unknown) => void;

  constructor(channel: Channel, handle: Handle) {
    this.#channel = channel;
    this.#handle = handle;
    this.#broken = new Promise((_, reject) => {
      this.breakOff = reject;
    });
    this.#broken.catch(ignore); // Whether or not anybody waits for it just then.
    channel.on("error", this.breakOff).on("close", () => this.breakOff(new Error("the connection is gone")));
  }

  async start(queues: readonly string[]): Promise<void> {
    for (const queue of queues) {
      const { consumerTag } = await this.#channel.consume(queue, (message) => this.#receive(message));
      this.#consumers.push(consumerTag);
    }
  }

  /** Goes on until then, and returns when what has begun is done. */
  async until(stopped: Promise<void>): Promise<void> {
    try {
      await Promise.race([stopped, this.#broken]);
      for (const consumer of this.#consumers) await this.#channel.cancel(consumer);
    } finally {
      await Promise.allSettled(this.#handling);
    }
    await this.#channel.close(); // Or the connection could be closed before the last messages are acknowledged.
  }

  #receive(message: ConsumeMessage | null): void {
    if (!message) {
      this.breakOff(new Error("the queue is gone"));
      return;
    }
    const handling = this.#process(message).catch(this.breakOff);
    this.#handling.add(handling);
    handling.finally(() => this.#handling.delete(handling));
  }

  async #process(message: ConsumeMessage): Promise<void> {
    await this.#handle(message.content);
    try {
      this.#channel.ack(message);
    } catch {
      // A message whose channel is gone comes again, and is known then.
    }
  }
}

/** What goes wrong with a connection, those hear who use it. */
function ignore(): void {}
