/** A bus for the tests alone: a stream with a random name, on the server of `BROKER_URL`. */

import { randomBytes } from "node:crypto";
import { createClient } from "redis";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

/** The settings of a bus that nobody else uses. */
export async function own({ brokerUrl }: Settings): Promise<Space> {
  const stream = `tests-${randomBytes(6).toString("hex")}`;
  return { settings: { brokerUrl, eventsStream: stream }, remove: () => remove(brokerUrl, stream) };
}

async function remove(brokerUrl: string, stream: string): Promise<void> {
  const client = await createClient({ url: brokerUrl }).connect();
  await client.del(stream);
  await client.close();
}
