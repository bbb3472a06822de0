import { hash as bcrypt } from "@node-rs/bcrypt";
import { decodeJwt, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock.ts";
import { InvalidToken } from "../../src/domain/errors.ts";
import { SecurityManager } from "../../src/platform/security.ts";
import type { Clock } from "../../src/ports.ts";
import { MovableClock } from "../clock.ts";

const SECRET_KEY = "0123456789abcdef0123456789abcdef";
const PASSWORD = "correct horse battery staple";
const MADE_BY_DJANGO = "bcrypt_sha256$$2b$04$.9Hz1eR9km30Ea7G5uT8LuRRgxSvo7BhZ6rPf19iLCckNRh51Wa4C";

interface Parts {
  readonly cost?: number;
  readonly secretKey?: string;
  readonly clock?: Clock;
}

function manager({ cost = 4, secretKey = SECRET_KEY, clock = systemClock }: Parts = {}): SecurityManager {
  return new SecurityManager(clock, { secretKey, bcryptCost: cost, accessTokenSeconds: 900 });
}

const security = manager();

describe("passwords", () => {
  test("a hash is salted bcrypt of the chosen cost", async () => {
    const [first, second] = [await security.hashPassword(PASSWORD), await security.hashPassword(PASSWORD)];

    expect(first).toMatch(/^bcrypt_sha256\$\$2b\$04\$/);
    expect(first).not.toBe(second);
    expect(await manager({ cost: 5 }).hashPassword(PASSWORD)).toMatch(/^bcrypt_sha256\$\$2b\$05\$/);
  });

  test("hashes of other frameworks are good", async () => {
    expect(await security.verifyPassword(PASSWORD, MADE_BY_DJANGO)).toEqual({ isRight: true, newHash: null });
  });

  test.for([`${PASSWORD}r`, PASSWORD.slice(0, -1), PASSWORD.toUpperCase(), "", "\0"])(
    "a wrong password is wrong: %j",
    async (wrong) => {
      expect(await security.verifyPassword(wrong, MADE_BY_DJANGO)).toEqual({ isRight: false, newHash: null });
    },
  );

  test("every character counts", async () => {
    const long = "a".repeat(127);
    const hash = await security.hashPassword(`${long}b`);

    expect((await security.verifyPassword(`${long}b`, hash)).isRight).toBe(true);
    expect((await security.verifyPassword(`${long}c`, hash)).isRight).toBe(false);
    expect((await security.verifyPassword(long, hash)).isRight).toBe(false);
  });

  test("a hash of a lower cost is upgraded", async () => {
    const { isRight, newHash } = await manager({ cost: 5 }).verifyPassword(PASSWORD, MADE_BY_DJANGO);

    expect(isRight).toBe(true);
    expect(newHash).toMatch(/^bcrypt_sha256\$\$2b\$05\$/);
    expect((await security.verifyPassword(PASSWORD, newHash)).isRight).toBe(true);
  });

  test("a hash of a higher cost stays", async () => {
    const hash = await manager({ cost: 5 }).hashPassword(PASSWORD);

    expect(await security.verifyPassword(PASSWORD, hash)).toEqual({ isRight: true, newHash: null });
  });

  test.for([PASSWORD, "é".repeat(60)])("plain bcrypt from elsewhere is upgraded: %j", async (password) => {
    const plain = (await bcrypt(Buffer.from(password).subarray(0, 72), 4)).replace(/^\$2.\$/, "$2y$");
    const { isRight, newHash } = await security.verifyPassword(password, plain);

    expect(isRight).toBe(true);
    expect(newHash).toMatch(/^bcrypt_sha256\$/);
    expect((await security.verifyPassword(`x${password}`, plain)).isRight).toBe(false);
  });

  test.for(["", "plain text", "bcrypt_sha256$", "$2b$04$short"])("what is no hash is nobody's: %j", async (hash) => {
    expect((await security.verifyPassword(PASSWORD, hash)).isRight).toBe(false);
  });

  test("without a hash the work is the same", async () => {
    const expensive = manager({ cost: 10 });
    const hash = await expensive.hashPassword(PASSWORD);
    async function timed(work: Promise<unknown>): Promise<number> {
      const started = performance.now();
      await work;
      return performance.now() - started;
    }
    const known = await timed(expensive.verifyPassword("wrong", hash));
    const unknown = await timed(expensive.verifyPassword("wrong", null));

    expect(unknown).toBeGreaterThan(known / 4);
    expect(await expensive.verifyPassword("wrong", null)).toEqual({ isRight: false, newHash: null });
  });
});

describe("access tokens", () => {
  test("a token says whose it is", async () => {
    const token = await security.createAccessToken("some-id", 7);

    expect(await security.readAccessToken(token)).toEqual({ userId: "some-id", generation: 7 });
  });

  test("a token is good for a quarter of an hour unless told otherwise", async () => {
    const clock = new MovableClock(new Date("2026-02-03T12:00:00Z"));
    const own = manager({ clock });
    const seconds = clock.now().getTime() / 1_000;

    expect(decodeJwt(await own.createAccessToken("id", 1))).toMatchObject({ iat: seconds, exp: seconds + 900 });
    expect(decodeJwt(await own.createAccessToken("id", 1, 60))).toMatchObject({ exp: seconds + 60 });
  });

  test("two tokens are never the same", async () => {
    expect(await security.createAccessToken("id", 1)).not.toBe(await security.createAccessToken("id", 1));
  });

  test("an expired token is refused", async () => {
    const token = await security.createAccessToken("id", 1, -1);

    await expect(security.readAccessToken(token)).rejects.toThrow(/expired/);
  });

  test("a token of an instance whose clock is ahead is good", async () => {
    const ahead = new MovableClock();
    ahead.move(30_000);
    const token = await manager({ clock: ahead }).createAccessToken("id", 1);

    expect(await security.readAccessToken(token)).toMatchObject({ userId: "id" });
  });

  test("a token that was tampered with is refused", async () => {
    const [header, payload, signature] = (await security.createAccessToken("id", 1)).split(".");
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...claims, sub: "other" })).toString("base64url");

    for (const forged of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      "",
      "a.b.c",
    ]) {
      await expect(security.readAccessToken(forged)).rejects.toThrow(InvalidToken);
    }
  });

  test("a token of another key or algorithm is refused", async () => {
    const claims = { sub: "id", gen: 1 };
    const key = Buffer.from(SECRET_KEY.repeat(2));
    for (const forged of [
      await manager({ secretKey: "f".repeat(32) }).createAccessToken("id", 1),
      new UnsecuredJWT(claims).setIssuedAt().setExpirationTime("1h").encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: "HS512" }).setIssuedAt().setExpirationTime("1h").sign(key),
    ]) {
      await expect(security.readAccessToken(forged)).rejects.toThrow(/not an access token/);
    }
  });

  test.for(["sub", "gen", "iat", "exp"])("a token says everything: %s", async (missing) => {
    const now = Math.floor(Date.now() / 1_000);
    const { [missing]: _, ...claims }: Record<string, unknown> = { sub: "id", gen: 1, iat: now, exp: now + 60 };
    const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256" });

    await expect(security.readAccessToken(await token.sign(Buffer.from(SECRET_KEY)))).rejects.toThrow(InvalidToken);
  });

  test("claims of another kind are refused", async () => {
    const token = new SignJWT({ sub: "id", gen: "1" }).setProtectedHeader({ alg: "HS256" });
    const signed = await token.setIssuedAt().setExpirationTime("1h").sign(Buffer.from(SECRET_KEY));

    await expect(security.readAccessToken(signed)).rejects.toThrow(InvalidToken);
  });
});

test("a fingerprint tells contents apart to who has the key", () => {
  const fingerprint = security.fingerprint("content");

  expect(fingerprint).toBe(manager().fingerprint("content"));
  expect(fingerprint).not.toBe(security.fingerprint("other content"));
  expect(fingerprint).not.toBe(manager({ secretKey: "f".repeat(32) }).fingerprint("content"));
});
