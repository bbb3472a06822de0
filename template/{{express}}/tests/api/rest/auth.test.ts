import { describe, expect } from "vitest";
import { PASSWORD } from "../../people.ts";
import { test } from "../../service.ts";

const PAIR = {
  access_token: expect.any(String),
  refresh_token: expect.any(String),
  token_type: "bearer",
  expires_in: 900,
};

describe("signing in", () => {
  test("a form buys a pair of tokens", async ({ anyone, ann }) => {
    const answer = await anyone.post("/v1/auth/token", { form: { username: ann.user.email, password: PASSWORD } });
    const pair = (await answer.json()) as { access_token: string };

    expect([answer.status, pair]).toEqual([200, PAIR]);
    expect((await anyone.with(pair.access_token).get("/v1/users/me")).status).toBe(200);
  });

  test.for(["other", "grant_type"])(
    "another field is ignored, but for a wrong one: %s",
    async (field, { anyone, ann }) => {
      const form = { username: ann.user.email, password: PASSWORD, [field]: "x" };

      expect((await anyone.post("/v1/auth/token", { form })).status).toBe(field === "other" ? 200 : 422);
    },
  );

  test("an unknown account is answered like a wrong password", async ({ anyone, ann }) => {
    const answers = [];
    for (const username of [ann.user.email, "nobody@example.org"]) {
      const answer = await anyone.post("/v1/auth/token", { form: { username, password: "wrong" } });
      const { request_id: _, ...problem } = (await answer.json()) as Record<string, unknown>;
      answers.push([answer.status, answer.headers.get("WWW-Authenticate"), problem]);
    }

    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.slice(0, 2)).toEqual([401, "Bearer"]);
  });
});

describe("staying signed in", () => {
  test("a refresh token buys the next pair, once", async ({ anyone, ann }) => {
    const body = { refresh_token: ann.tokens.refreshToken };
    const first = await anyone.post("/v1/auth/refresh", { body });

    expect([first.status, await first.json()]).toEqual([200, PAIR]);
    expect((await anyone.post("/v1/auth/refresh", { body })).status).toBe(401);
  });

  test("signing out ends the session, and says nothing", async ({ anyone, ann }) => {
    const body = { refresh_token: ann.tokens.refreshToken };
    for (let time = 0; time < 2; time += 1) {
      const answer = await anyone.post("/v1/auth/logout", { body });
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }

    expect((await anyone.post("/v1/auth/refresh", { body })).status).toBe(401);
  });
});

describe("the access token", () => {
  test.for(["Bearer", "bearer", "BEARER"])("goes with the scheme in any case: %s", async (scheme, { anyone, ann }) => {
    const headers = { Authorization: `${scheme} ${ann.tokens.accessToken}` };

    expect((await anyone.get("/v1/users/me", { headers })).status).toBe(200);
  });

  test.for(["", "Bearer", "Bearer  ", "Basic YTpi", "Bearer a.b.c", "Bearer a b", "token"])(
    "is needed, and not %j",
    async (authorization, { anyone }) => {
      const answer = await anyone.get("/v1/users/me", { headers: { Authorization: authorization } });

      expect(answer.status).toBe(401);
      expect(answer.headers.get("WWW-Authenticate")).toBe('Bearer error="invalid_token"');
      expect(await answer.json()).toMatchObject({ type: "urn:problem-type:invalid-token" });
    },
  );
});
