import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { Doorbell } from "../../src/platform/doorbell.ts";
import { aborted, endedWithin, pause, withinTime } from "../../src/platform/pause.ts";
import { startWorkers, type Worker } from "../../src/platform/workers.ts";
import { until } from "../until.ts";

const IMPATIENT = { restMilliseconds: 5, drainMilliseconds: 50 };

/** Counts how often it is started. */
function newWorker(run: (signal: AbortSignal, starts: number) => Promise<void>): Worker & { starts: number } {
  return {
    name: "a worker",
    starts: 0,
    run(signal) {
      this.starts += 1;
      return run(signal, this.starts);
    },
  };
}

test("a worker that breaks or ends is started again", async () => {
  const worker = newWorker(async (signal, starts) => {
    if (starts === 1) throw new Error("no luck");
    if (starts === 3) await aborted(signal);
  });
  const running = startWorkers([worker], IMPATIENT);
  await until(() => worker.starts === 3);
  await running.stop();

  expect(worker.starts).toBe(3);
});

test("workers are stopped from the last to the first", async () => {
  const stopped: string[] = [];
  const worker = (name: string): Worker => ({
    name,
    async run(signal) {
      await aborted(signal);
      await setTimeout(5);
      stopped.push(name);
    },
  });
  await startWorkers([worker("first"), worker("last")], IMPATIENT).stop();

  expect(stopped).toEqual(["last", "first"]);
});

test("a worker that breaks while it is stopped is not started again", async () => {
  const worker = newWorker(async (signal) => {
    await aborted(signal);
    throw new Error("the connection was gone");
  });
  await startWorkers([worker], IMPATIENT).stop();
  await setTimeout(20);

  expect(worker.starts).toBe(1);
});

test("a worker that does not end is not waited for for long", async () => {
  const worker = newWorker(() => new Promise(() => {}));

  await startWorkers([worker], IMPATIENT).stop();
});

test("a doorbell is heard once, even by who comes later", async () => {
  const doorbell = new Doorbell();
  doorbell.ring();
  doorbell.ring();
  await doorbell.wait(60_000);
  let isHeard = false;
  const waiting = doorbell.wait(60_000).then(() => {
    isHeard = true;
  });
  await setTimeout(10);
  expect(isHeard).toBe(false);
  doorbell.ring();
  await waiting;
});

test("who waits at the door gives up after a time, or when told to", async () => {
  await new Doorbell().wait(5);
  await new Doorbell().wait(60_000, AbortSignal.timeout(5));
  await new Doorbell().wait(60_000, AbortSignal.abort());
});

test("a pause ends after a time, or when its signal says so", async () => {
  await pause(1);
  await pause(60_000, AbortSignal.timeout(5));
  await pause(60_000, AbortSignal.abort());
});

test("work is waited for, whatever becomes of it", async () => {
  await endedWithin(60_000, Promise.resolve(1), Promise.reject(new Error("no luck")));
  await endedWithin(5, new Promise(() => {}));
});

test("work that takes too long is given up", async () => {
  expect(await withinTime(60_000, Promise.resolve(1))).toBe(1);
  await expect(withinTime(60_000, Promise.reject(new Error("no luck")))).rejects.toThrow("no luck");
  await expect(withinTime(5, new Promise(() => {}))).rejects.toThrow("no answer within 5 ms");
});
