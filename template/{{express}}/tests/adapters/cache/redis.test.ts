import { createServer, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { connect } from "../../../src/adapters/cache/redis.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import { SettingsError } from "../../../src/settings.ts";
import { test } from "../../service.ts";

/** Where somebody listens who never answers. */
async function hangingUrl(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `redis://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

test("a server that hangs is waited for once, and left alone for a while", async ({ settings }) => {
  const cache = connect({ ...settings, redisUrl: await hangingUrl(), cacheTimeoutSeconds: 0.2 });
  onTestFinished(() => cache.close());
  const started = performance.now();

  await expect(cache.get("key")).rejects.toThrow("The cache does not answer.");
  expect(performance.now() - started).toBeGreaterThan(150);
  const again = performance.now();
  await expect(cache.lease("key", 1_000)).rejects.toThrow("The cache did not answer a moment ago.");
  expect(performance.now() - again).toBeLessThan(100);
});

test("a server that is not there is unavailable", async ({ settings }) => {
  const cache = connect({ ...settings, redisUrl: "redis://127.0.0.1:1", cacheTimeoutSeconds: 0.2 });
  onTestFinished(() => cache.close());

  await expect(cache.get("key")).rejects.toThrow(Unavailable);
});

test("an address that cannot be read is named, and not shown", ({ settings }) => {
  const redisUrl = "redis://ann:secret-word@127.0.0.1:secret-word";

  expect(() => connect({ ...settings, redisUrl })).toThrow(SettingsError);
  expect(() => connect({ ...settings, redisUrl })).toThrow(/^REDIS_URL: cannot be read$/);
});
