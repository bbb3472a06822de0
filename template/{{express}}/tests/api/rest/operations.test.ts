import { expect } from "vitest";
import type { Service } from "../../../src/wiring.ts";
import { test as base, caller } from "../../service.ts";

const test = base.extend("without", async ({ service }, { onCleanup }) => {
  return (missing: string) => {
    const dependencies: Service["dependencies"] = service.dependencies.map((dependency) => ({
      ...dependency,
      ping: async () => {
        if (dependency.name === missing) throw new Error("out of order");
        await dependency.ping();
      },
    }));
    return caller({ ...service, dependencies }, onCleanup);
  };
});

test("it lives", async ({ anyone }) => {
  const answer = await anyone.get("/livez");

  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
});

test.for([
  ["nothing", 200],
  ["database", 503],
  ["cache", 200],
  ["broker", 200],
] as const)("without %s it is ready or not: %i", async ([missing, status], { without }) => {
  const answer = await (await without(missing)).get("/readyz");
  const state = (name: string) => (name === missing ? "down" : "up");

  expect([answer.status, await answer.json()]).toEqual([
    status,
    {
      status: status === 200 ? "ready" : "unavailable",
      dependencies: {
        database: { status: state("database"), required: true },
        cache: { status: state("cache"), required: false },
        broker: { status: state("broker"), required: false },
      },
    },
  ]);
});

test("metrics are in the format of Prometheus", async ({ anyone }) => {
  await anyone.get("/livez");
  const answer = await anyone.get("/metrics");

  expect(answer.headers.get("Content-Type")).toMatch(/^text\/plain/);
  expect(await answer.text()).toMatch(/^http_requests_total\{.*route="\/livez".*\} 1$/m);
});
