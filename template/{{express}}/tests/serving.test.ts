/** The service in a process of its own: a short life in production, and what is left of it. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect } from "vitest";
import { NAME } from "../src/about.ts";
import { Metrics } from "../src/platform/metrics.ts";
import { build } from "../src/wiring.ts";
import { Caller, PASSWORD } from "./people.ts";
import { environmentOf, type Outcome, run, SECRET_KEY, type Server, serving } from "./processes.ts";
import { test as base } from "./service.ts";
import { until } from "./until.ts";

const EMAIL = "operator@example.org";
const FORM = `username=nobody%40example.org&password=${PASSWORD.replaceAll(" ", "+")}`;

interface Life {
  readonly tokens: { readonly access_token: string; readonly refresh_token: string };
  readonly lastAnswer: string;
  readonly outcome: Outcome;
}

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

// Somebody signs in, lists users and signs in again; during which the service is told to stop.
const test = base.extend("life", { scope: "file" }, async ({ ownDatabase, ownCache }): Promise<Life> => {
  const settings = { ...ownDatabase.settings, ...ownCache.settings };
  const { load } = await import("../src/settings.ts");
  const service = build(load(environmentOf(settings)), new Metrics());
  await service.users.add({ email: EMAIL, name: "Operator", password: PASSWORD, role: "admin" });
  await service.close();
  const production = { ENVIRONMENT: "production", BCRYPT_COST: "10", LOG_LEVEL: "debug" };
  return serving({ ...environmentOf(settings), ...production }, async (server) => {
    const anyone = new Caller(server.url);
    const signedIn = await anyone.post("/v1/auth/token", { form: { username: EMAIL, password: PASSWORD } });
    const tokens = (await signedIn.json()) as Life["tokens"];
    const admin = anyone.with(tokens.access_token);
    expect((await admin.get("/v1/users", { headers: { "X-Request-ID": "this-one" } })).status).toBe(200);
    return { tokens, lastAnswer: await interrupted(server), outcome: await server.outcome() };
  });
});

/** Sends half of a request, has the service told to stop, and sends the other half. */
async function interrupted({ process, port, url }: Server): Promise<string> {
  const connection = connect(port, "127.0.0.1");
  const head = ["POST /v1/auth/token HTTP/1.1", "Host: service.test", `Content-Length: ${FORM.length}`];
  connection.write([...head, "Content-Type: application/x-www-form-urlencoded", "", FORM.slice(0, 10)].join("\r\n"));
  expect((await fetch(`${url}/livez`)).ok).toBe(true);
  process.kill("SIGTERM");
  await until(() => refuses(port), "it takes no more connections");
  connection.write(FORM.slice(10));
  return answerOn(connection);
}

async function refuses(port: number): Promise<boolean> {
  const probe = connect(port, "127.0.0.1");
  try {
    await once(probe, "connect");
    return false;
  } catch {
    return true;
  } finally {
    probe.destroy();
  }
}

async function answerOn(connection: Socket): Promise<string> {
  const [answer] = (await once(connection, "data")) as [Buffer];
  connection.destroy();
  return answer.toString();
}

function linesOf({ outcome }: Life): Line[] {
  return outcome.errors
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

describe("a life in production", () => {
  test("ends as asked", ({ life }) => {
    expect(life.outcome.status).toBe(0);
    expect(linesOf(life).at(-1)?.event).toBe("stopped");
  });

  test("leaves no request unanswered", ({ life }) => {
    expect(life.lastAnswer).toMatch(/^HTTP\/1\.1 401 /);
    expect(
      linesOf(life)
        .filter(({ event }) => event === "request")
        .at(-1),
    ).toMatchObject({ status: 401 });
  });

  test("is written down in JSON, for machines", ({ life }) => {
    expect(life.outcome.output).toBe("");
    for (const line of linesOf(life)) {
      expect(line).toMatchObject({
        service: NAME,
        level: expect.stringMatching(/^(debug|info|warning|error)$/),
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      });
    }
  });

  test("tells of each request by its id", ({ life }) => {
    const requests = linesOf(life).filter(({ event }) => event === "request");

    for (const line of requests) expect(line["request_id"]).toMatch(/./);
    expect(requests.filter((line) => line["request_id"] === "this-one")).toMatchObject([{ path: "/v1/users" }]);
  });

  test("tells no secret", ({ life }) => {
    const { access_token, refresh_token } = life.tokens;

    for (const secret of [PASSWORD, SECRET_KEY, access_token, ...refresh_token.split(".")]) {
      expect(life.outcome.errors).not.toContain(secret);
    }
  });
});

test("without a secret it does not start", async () => {
  const { status, errors } = await run(["serve"], { ENVIRONMENT: "production" });

  expect(status).toBe(2);
  expect(errors).toMatch(/^SECRET_KEY: is missing\n/);
  expect(errors).toContain(".env.example");
});
