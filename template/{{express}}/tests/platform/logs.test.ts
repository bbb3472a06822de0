import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { NAME } from "../../src/about.ts";
import { configure, log, withLogFields } from "../../src/platform/logs.ts";
import type { Settings } from "../../src/settings.ts";

type Part = Pick<Settings, "logLevel" | "inProduction">;

/** What is written in the meantime. */
async function written(settings: Part, work: () => void): Promise<string> {
  const out = new PassThrough();
  configure(settings, { out });
  work();
  await setImmediate();
  await setImmediate();
  return String(out.read() ?? "");
}

test("in production a line is JSON, with the fields that every language has", async () => {
  const text = await written({ logLevel: "info", inProduction: true }, () => {
    withLogFields({ request_id: "this-one" }, () =>
      withLogFields({ event_id: "that" }, () => log.warn({ a: 1 }, "told")),
    );
  });

  expect(JSON.parse(text)).toEqual({
    level: "warning",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    service: NAME,
    request_id: "this-one",
    event_id: "that",
    a: 1,
    event: "told",
  });
});

test("what one line says is not said again by the next one", async () => {
  const text = await written({ logLevel: "info", inProduction: true }, () => {
    withLogFields({ request_id: "this-one" }, () => {
      log.info({ a: 1 }, "told");
      log.info({ b: 2 }, "told");
    });
  });

  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toMatchObject({ request_id: "this-one", a: 1 });
  expect(lines[1]).toMatchObject({ request_id: "this-one", b: 2 });
  expect(lines[1]).not.toHaveProperty("a");
});

test("an error is told with its stack and its cause", async () => {
  const text = await written({ logLevel: "error", inProduction: true }, () => {
    log.error({ err: new Error("broken", { cause: new Error("deep down") }) }, "unhandled error");
  });

  const { exception } = JSON.parse(text) as { exception: { type: string; message: string; stack: string } };
  expect(exception).toMatchObject({ type: "Error", message: expect.stringContaining("broken") });
  expect(exception.stack).toContain("logs.test.ts");
  expect(exception.stack).toContain("deep down");
});

test("in development a line is for people", async () => {
  const text = await written({ logLevel: "debug", inProduction: false }, () => log.debug({ a: 1 }, "told"));

  expect(text).toMatch(/DEBUG.*: told \{"a":1\}\n$/);
});

test.for([
  ["debug", ["debug", "info", "warning", "error"]],
  ["info", ["info", "warning", "error"]],
  ["warning", ["warning", "error"]],
  ["error", ["error"]],
] as const)("at the level %s the less severe lines are left out", async ([logLevel, expected]) => {
  const text = await written({ logLevel, inProduction: true }, () => {
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("told");
  });

  const levels = text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { level: string }).level);
  expect(levels).toEqual(expected);
});
