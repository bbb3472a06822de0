/** The service's commands, run as they are run in earnest: each in a process of its own, of what `make build` made. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Settings } from "../src/settings.ts";
import { load, written } from "../src/settings.ts";
import { until } from "./until.ts";

export const SECRET_KEY = "the tests' own, of thirty-two characters and more";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const SETTINGS = new Set(Object.keys(load({ SECRET_KEY })).map(written));

export type Variables = Readonly<Record<string, string>>;

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Settings as the environment has them. */
export function environmentOf(settings: Partial<Settings>): Variables {
  const named = Object.entries(settings).map(([name, value]) => [written(name), String(value)]);
  return { SECRET_KEY, BCRYPT_COST: "4", ...Object.fromEntries(named) };
}

/** Runs a command of the service in an empty folder, so that no `.env` is read. */
export async function run(command: readonly string[], environment: Variables, typed = ""): Promise<Outcome> {
  const started = await start(command, environment);
  started.process.stdin?.end(typed);
  try {
    return await started.outcome();
  } finally {
    await started.end();
  }
}

export interface Server extends Started {
  readonly url: string;
  readonly port: number;
}

/** Does some work with the service, which is ready to serve, and killed afterwards if nobody has stopped it. */
export async function serving<Result>(
  environment: Variables,
  work: (server: Server) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = await start(["serve"], { ...environment, PORT: String(port) });
  try {
    await until(async () => started.process.exitCode !== null || (await isAnswered(`${url}/readyz`)), "it is ready");
    if (started.process.exitCode !== null) throw new Error((await started.outcome()).errors);
    return await work({ ...started, url, port });
  } finally {
    await started.end();
  }
}

interface Started {
  readonly process: ChildProcess;
  /** Waits until it has ended. */
  outcome(): Promise<Outcome>;
  /** Kills it, if it has not ended by itself, and tidies up. */
  end(): Promise<void>;
}

async function start(command: readonly string[], environment: Variables): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "tests-"));
  const others = Object.entries(process.env).filter(([name]) => !SETTINGS.has(name) && name !== "ADMIN_PASSWORD");
  const started = spawn(process.execPath, ["--enable-source-maps", MAIN, ...command], {
    cwd: folder,
    env: { ...Object.fromEntries(others), ...environment },
  });
  const told = Promise.all([text(started.stdout), text(started.stderr), once(started, "close")]);
  return {
    process: started,
    async outcome() {
      const [output, errors] = await told;
      return { status: started.exitCode, output, errors };
    },
    async end() {
      started.kill("SIGKILL");
      await told;
      await rm(folder, { recursive: true });
    },
  };
}

async function isAnswered(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}
