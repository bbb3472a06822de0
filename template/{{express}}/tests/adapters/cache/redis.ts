/** A cache for the tests alone: a numbered database that is empty, on the server of `REDIS_URL`. */

import { createClient } from "redis";
import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

const CLAIM = "claimed by tests";
const CLAIM_SECONDS = 3_600;
const HIGHEST_NUMBER = 15;

type Client = ReturnType<typeof createClient>;

/** The settings of a database that nobody else uses. */
export async function own({ redisUrl }: Settings): Promise<Space> {
  for (let number = HIGHEST_NUMBER; number > 0; number -= 1) {
    const url = new URL(redisUrl);
    url.pathname = `/${number}`;
    const isClaimed = await withClient(url.href, claim);
    if (isClaimed) return { settings: { redisUrl: url.href }, remove: () => withClient(url.href, giveBack) };
  }
  throw new Error("The tests need an empty database among those that Redis numbers from 1 to 15.");
}

export async function empty({ redisUrl }: Settings): Promise<void> {
  await withClient(redisUrl, async (client) => {
    for await (const keys of client.scanIterator()) {
      const own = keys.filter((key) => key !== CLAIM);
      if (own.length > 0) await client.del(own);
    }
  });
}

async function claim(client: Client): Promise<boolean> {
  const isFree = await client.set(CLAIM, "", { condition: "NX", expiration: { type: "EX", value: CLAIM_SECONDS } });
  if (isFree === null) return false;
  if ((await client.dbSize()) === 1) return true;
  await giveBack(client);
  return false;
}

async function giveBack(client: Client): Promise<void> {
  await client.del(CLAIM);
}

async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = createClient({ url }) as Client;
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
