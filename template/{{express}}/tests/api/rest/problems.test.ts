import { request as plainRequest } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { describe, expect } from "vitest";
import { LARGEST_BODY } from "../../../src/api/rest/bodies.ts";
import { onError } from "../../../src/api/rest/problems.ts";
import { drain, listening } from "../../../src/api/rest/server.ts";
import * as errors from "../../../src/domain/errors.ts";
import type { Service } from "../../../src/wiring.ts";
import { PASSWORD } from "../../people.ts";
import { test as base, caller } from "../../service.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { readonly in: string; readonly field: string; readonly detail: string }[];
}

async function problem(answer: Response, status: number, name: string): Promise<Problem> {
  const body = (await answer.json()) as Problem;
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([status, "application/problem+json"]);
  expect(body).toEqual({
    type: `urn:problem-type:${name}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    request_id: answer.headers.get("X-Request-ID"),
    ...(status === 422 && { errors: expect.any(Array) }),
  });
  return body;
}

// A service whose users fail whatever they are asked for.
const test = base.extend("failing", async ({ service }, { onCleanup }) => {
  return (error: Error) => {
    const failing = {
      get: () => {
        throw error;
      },
    };
    return caller({ ...service, users: failing as unknown as Service["users"] }, onCleanup);
  };
});

describe("paths and methods", () => {
  test.for(["/nowhere", "/v1/users/", "/V1/users", "/", "/v1/users%00", "/%FF"])(
    "%s is unknown",
    async (path, { anyone }) => {
      await problem(await anyone.get(path), 404, "not-found");
    },
  );

  test.for([
    ["PUT", "/v1/users", "GET, POST"],
    ["POST", "/v1/users/some-id", "DELETE, GET, PATCH"],
    ["OPTIONS", "/v1/auth/token", "POST"],
    ["DELETE", "/v1/users/me", "GET"],
    ["POST", "/openapi.json", "GET"],
    ["DELETE", "/docs", "GET"],
  ] as const)("%s %s is not allowed", async ([method, path, allowed], { anyone }) => {
    const answer = await anyone.send(method, path);

    await problem(answer, 405, "method-not-allowed");
    expect(answer.headers.get("Allow")).toBe(allowed);
  });
});

describe("bodies", () => {
  test.for(["", "{", "nonsense", "[".repeat(50_000), "1".repeat(5_000), "NaN", "null", "[]", '"text"'])(
    "what is no object in JSON cannot be read: %j",
    async (body, { anyone }) => {
      const answer = await anyone.post("/v1/auth/refresh", { body, headers: JSON_TYPE });

      expect((await problem(answer, 422, "validation")).errors).toMatchObject([{ in: "body", field: "" }]);
    },
  );

  test("what is no UTF-8 cannot be read", async ({ anyone }) => {
    const body = Buffer.from('{"refresh_token": "\xff"}', "latin1");
    const answer = await anyone.post("/v1/auth/refresh", { body, headers: JSON_TYPE });

    await problem(answer, 422, "validation");
  });

  test("what is nested too deeply is not looked at", async ({ anyone }) => {
    const body = `${'{"":'.repeat(18_000)}1${"}".repeat(18_000)}`;
    const answer = await anyone.post("/v1/auth/refresh", { body, headers: JSON_TYPE });

    expect((await problem(answer, 422, "validation")).errors).toEqual([
      { in: "body", field: "", detail: "is nested too deeply" },
    ]);
  });

  test("JSON has to be called so", async ({ anyone }) => {
    const body = '{"refresh_token": "a.b"}';

    await problem(await anyone.post("/v1/auth/refresh", { body }), 422, "validation");
    const headers = { "Content-Type": "Application/JSON; charset=utf-8" };
    await problem(await anyone.post("/v1/auth/refresh", { body, headers }), 401, "invalid-token");
  });

  test.for(["multipart/form-data; boundary=x", "text/plain"])("%s is no form", async (type, { anyone }) => {
    const headers = { "Content-Type": type };
    const answer = await anyone.post("/v1/auth/token", { body: "username=ann&password=x", headers });

    expect((await problem(answer, 422, "validation")).errors).toEqual([
      { in: "form", field: "username", detail: "is missing" },
      { in: "form", field: "password", detail: "is missing" },
    ]);
  });

  test("texts that are no Unicode are refused", async ({ anyone }) => {
    for (const body of ['{"refresh_token": "\\ud800"}', '{"\\ud800": ""}']) {
      await problem(await anyone.post("/v1/auth/refresh", { body, headers: JSON_TYPE }), 422, "validation");
    }
  });

  test.for(["/v1/auth/token", "/v1/auth/refresh"])("a body may be too large: %s", async (path, { anyone }) => {
    const type = path.endsWith("refresh") ? "application/json" : "application/x-www-form-urlencoded";
    const send = (size: number) => anyone.post(path, { body: "x".repeat(size), headers: { "Content-Type": type } });

    await problem(await send(LARGEST_BODY), 422, "validation");
    await problem(await send(LARGEST_BODY + 1), 413, "too-large");
  });

  test("a body that is packed cannot be read", async ({ anyone }) => {
    const headers = { ...JSON_TYPE, "Content-Encoding": "gzip" };

    await problem(await anyone.post("/v1/auth/refresh", { body: "x", headers }), 422, "validation");
  });
});

describe("what is wrong", () => {
  test("is told in words", async ({ admin }) => {
    const body = { email: "no", name: "\t", password: "short", role: "root" };
    const { errors = [] } = await problem(await admin.http.post("/v1/users", { body }), 422, "validation");

    expect(Object.fromEntries(errors.map(({ field, detail }) => [field, detail]))).toEqual({
      email: "is not an e-mail address",
      name: "is blank, or has control characters in it",
      password: "must have at least 12 characters",
      role: 'must be "user" or "admin"',
    });
  });

  test("is told all at once", async ({ admin }) => {
    const headers = { "Idempotency-Key": "a b" };
    const answer = await admin.http.post("/v1/users?x=1", { body: { email: "no", extra: 1 }, headers });
    const { errors = [], detail } = await problem(answer, 422, "validation");

    expect(new Set(errors.map(({ in: source, field }) => `${source} ${field}`))).toEqual(
      new Set(["header Idempotency-Key", "body email", "body name", "body password", "body extra"]),
    );
    for (const error of errors) expect(detail).toContain(`${error.field} ${error.detail}`);
  });

  test("is never told with a value", async ({ admin }) => {
    const body = { email: 1, name: [], password: `${PASSWORD}\ud800`, role: PASSWORD };
    const answer = await admin.http.post("/v1/users", { body });

    expect(await answer.text()).not.toContain(PASSWORD);
  });
});

describe("what breaks here", () => {
  test("a bug is answered without its details", async ({ failing, ann }) => {
    const anyone = await failing(new Error("SELECT secret FROM table"));
    const answer = await anyone.with(ann.tokens.accessToken).get(ann.path);

    expect((await problem(answer, 500, "internal")).detail).not.toContain("secret");
  });

  test("what is unavailable is so for a moment", async ({ failing, ann }) => {
    const anyone = await failing(new errors.Unavailable("The database does not answer."));
    const answer = await anyone.with(ann.tokens.accessToken).get(ann.path);

    await problem(answer, 503, "unavailable");
    expect(answer.headers.get("Retry-After")).toBe("1");
  });

  test.for(Object.values(errors).filter((kind) => kind !== errors.ServiceError))(
    "every error of the domain has an answer: %o",
    async (kind, { failing, ann }) => {
      const error =
        kind === errors.InvalidField ? new kind("name", "is no name") : new (kind as typeof errors.Stale)("no");
      const anyone = await failing(error);
      const answer = await anyone.with(ann.tokens.accessToken).get(ann.path);

      expect(answer.status).not.toBe(500);
      expect(await answer.json()).toMatchObject({ type: expect.not.stringContaining("internal") });
    },
  );

  test("an answer that breaks off is not answered twice", async () => {
    const app = express();
    app.get("/breaks", (_request, response) => {
      response.write("half of the");
      throw new Error("in the middle of the answer");
    });
    app.use(onError);
    const server = await listening(app, "127.0.0.1", 0);
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/breaks`);

    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    await drain(server, 50);
  });

  test("who hangs up in the middle of a body breaks nothing", async ({ anyone }) => {
    const url = new URL((await anyone.get("/livez")).url);
    await new Promise<void>((resolve) => {
      const headers = { ...JSON_TYPE, "Content-Length": "100" };
      const sending = plainRequest({ port: url.port, path: "/v1/auth/refresh", method: "POST", headers });
      sending.on("error", () => resolve());
      sending.write("{", () => setTimeout(() => sending.destroy(), 50));
      sending.on("close", resolve);
    });

    expect((await anyone.get("/livez")).status).toBe(200);
  });
});
