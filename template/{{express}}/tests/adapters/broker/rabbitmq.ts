/** A bus for the tests alone: an exchange with a random name, on the server of `BROKER_URL`. */

import { randomBytes } from "node:crypto";
import { connect } from "amqplib";
import { NAME } from "../../../src/about.ts";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

/** The settings of a bus that nobody else uses. */
export async function own({ brokerUrl }: Settings): Promise<Space> {
  const exchange = `tests-${randomBytes(6).toString("hex")}`;
  return {
    settings: { brokerUrl, eventsExchange: exchange },
    remove: () => remove(brokerUrl, { queues: [`${NAME}.${exchange}`], exchanges: [exchange] }),
  };
}

export async function remove(
  url: string,
  { queues = [], exchanges = [] }: { readonly queues?: readonly string[]; readonly exchanges?: readonly string[] },
): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}
