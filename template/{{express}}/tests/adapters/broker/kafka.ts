/** A bus for the tests alone: a topic with a random name, on the servers of `BROKER_URL`. */

import { randomBytes } from "node:crypto";
import { Admin } from "@platformatic/kafka";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

/** The settings of a bus that nobody else uses. */
export async function own({ brokerUrl }: Settings): Promise<Space> {
  const topic = `tests-${randomBytes(6).toString("hex")}`;
  return { settings: { brokerUrl, eventsTopic: topic }, remove: () => remove(brokerUrl, topic) };
}

async function remove(brokerUrl: string, topic: string): Promise<void> {
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: brokerUrl.replace("kafka://", "").split(",") });
  if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] });
  await admin.close();
}
