/** What the buses share: what becomes of a publication that fails, and of a connection that is lost. */

import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { allDone, Reopening, reconnecting } from "../../../src/adapters/broker/common.ts";
import { Unavailable } from "../../../src/domain/errors.ts";
import { aborted } from "../../../src/platform/pause.ts";

/** Connections that are numbered, and told apart by what has become of them. */
class Connections {
  opened = 0;
  readonly closed: number[] = [];
  readonly lose: (() => void)[] = [];
  readonly reopening = new Reopening<number>(
    async (lost) => {
      this.lose.push(lost);
      this.opened += 1;
      return this.opened;
    },
    async (connection) => {
      this.closed.push(connection);
    },
  );

  use(): Promise<number> {
    return this.reopening.use(async (connection) => connection);
  }
}

describe("a connection", () => {
  test("is opened once, when it is needed", async () => {
    const connections = new Connections();
    expect(connections.opened).toBe(0);
    expect(await Promise.all([connections.use(), connections.use()])).toEqual([1, 1]);
    expect(await connections.use()).toBe(1);
  });

  test("is opened again when it was lost", async () => {
    const connections = new Connections();
    await connections.use();
    connections.lose[0]?.();
    expect(await connections.use()).toBe(2);
    connections.lose[0]?.(); // Which says nothing about the second one.
    expect(await connections.use()).toBe(2);
  });

  test("is given up when something fails", async () => {
    const connections = new Connections();
    const failing = connections.reopening.use(async () => {
      throw new Error("no luck");
    });

    await expect(failing).rejects.toThrow(Unavailable);
    await expect(failing).rejects.toHaveProperty("cause.message", "no luck");
    expect(await connections.use()).toBe(2);
    expect(connections.closed).toEqual([1]);
  });

  test("is given up when something takes too long", async () => {
    const connections = new Connections();
    const slow = connections.reopening.use(() => new Promise(() => {}), 10);

    await expect(slow).rejects.toThrow(Unavailable);
    expect(await connections.use()).toBe(2);
  });

  test("that cannot be opened is tried again by who needs it next", async () => {
    let attempts = 0;
    const reopening = new Reopening<number>(
      async () => {
        attempts += 1;
        if (attempts === 1) throw new Error("nobody there");
        return attempts;
      },
      () => Promise.reject(new Error("it was broken")),
    );

    await expect(reopening.use(async (connection) => connection)).rejects.toThrow(Unavailable);
    expect(await reopening.use(async (connection) => connection)).toBe(2);
    await reopening.close(); // Although that fails.
  });

  test("is closed once", async () => {
    const connections = new Connections();
    await connections.reopening.close();
    await connections.use();
    await connections.reopening.close();
    await connections.reopening.close();

    expect(connections.closed).toEqual([1]);
  });
});

describe("consuming", () => {
  test("begins anew whenever it breaks off", async () => {
    const stopping = new AbortController();
    let starts = 0;
    await reconnecting(
      async () => {
        starts += 1;
        if (starts === 3) stopping.abort();
        if (starts !== 2) throw new Error("the connection is gone");
      },
      stopping.signal,
      1,
    );

    expect(starts).toBe(3);
  });

  test("does not begin again when it breaks off while it is stopped", async () => {
    const stopping = new AbortController();
    let starts = 0;
    const consuming = reconnecting(
      async () => {
        starts += 1;
        await aborted(stopping.signal);
        throw new Error("while it was closed");
      },
      stopping.signal,
      1,
    );
    await setTimeout(5);
    stopping.abort();
    await consuming;

    expect(starts).toBe(1);
  });
});

test("what fails does not keep the rest from being finished", async () => {
  let isFinished = false;
  const slow = setTimeout(10).then(() => {
    isFinished = true;
  });

  await expect(allDone([Promise.reject(new Error("no luck")), slow])).rejects.toThrow("no luck");
  expect(isFinished).toBe(true);
});
