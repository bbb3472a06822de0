import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { drain, listening } from "../../../src/api/rest/server.ts";
import { Gate } from "../../gate.ts";
import { until } from "../../until.ts";

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("what is under way is answered, and nothing else", async () => {
  const gate = new Gate();
  const answer = vi.fn<RequestListener>(async (_request, response) => {
    await gate.passed;
    response.end("done");
  });
  const server = await listening(answer, "127.0.0.1", 0);
  const url = urlOf(server);
  const underWay = fetch(url);
  await until(() => answer.mock.calls.length > 0);
  const drained = drain(server, 60_000);
  await expect(fetch(url)).rejects.toThrow();
  gate.open();

  expect(await (await underWay).text()).toBe("done");
  const answered = performance.now();
  await drained;
  expect(performance.now() - answered).toBeLessThan(2_000); // Although the connection would be kept alive for five.
});

test("what takes too long is broken off", async () => {
  const server = await listening(() => undefined, "127.0.0.1", 0);
  const underWay = fetch(urlOf(server)).catch(() => "broken off");
  await setTimeout(50);
  await drain(server, 50);

  expect(await underWay).toBe("broken off");
});

test("a port that is taken is an error", async () => {
  const server = await listening(() => undefined, "127.0.0.1", 0);

  await expect(listening(() => undefined, "127.0.0.1", (server.address() as AddressInfo).port)).rejects.toThrow(
    "EADDRINUSE",
  );
  await drain(server, 50);
});
