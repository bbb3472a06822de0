import { expect, test, vi } from "vitest";
import { checkHealth, type Dependency } from "../../src/platform/health.ts";
import { log } from "../../src/platform/logs.ts";

const up = async () => {};
const down = async () => {
  throw new Error("out of order");
};
const hanging = () => new Promise<void>(() => {});

function dependency(name: string, ping: () => Promise<void>, required = true): Dependency {
  return { name, ping, required };
}

async function states(...dependencies: Dependency[]): Promise<[boolean, Record<string, boolean>]> {
  const health = await checkHealth(dependencies, 50);
  return [health.isReady, Object.fromEntries(health.dependencies.map((each) => [each.dependency.name, each.isUp]))];
}

test("it is ready when everything is up", async () => {
  expect(await states(dependency("one", up), dependency("other", up, false))).toEqual([
    true,
    { one: true, other: true },
  ]);
});

test("it is not ready without what is required", async () => {
  expect(await states(dependency("one", down), dependency("other", up))).toEqual([false, { one: false, other: true }]);
});

test("it is ready without what is not required", async () => {
  expect(await states(dependency("one", up), dependency("other", down, false))).toEqual([
    true,
    { one: true, other: false },
  ]);
});

test("what hangs is down, and is named in time", async () => {
  const warn = vi.spyOn(log, "warn");
  const started = performance.now();

  expect(await states(dependency("one", hanging), dependency("other", up))).toEqual([
    false,
    { one: false, other: true },
  ]);
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(warn.mock.calls).toEqual([[expect.objectContaining({ dependency: "one" }), "dependency is down"]]);
});
