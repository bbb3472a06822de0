import { hash as bcrypt } from "@node-rs/bcrypt";
import { describe, expect } from "vitest";
import { InvalidToken, NotFound, WrongCredentials } from "../../src/domain/errors.ts";
import type { TokenPair } from "../../src/domain/sessions.ts";
import type { UserChanges } from "../../src/domain/users.ts";
import { SecurityManager } from "../../src/platform/security.ts";
import { Sessions } from "../../src/usecases/sessions.ts";
import { MovableClock } from "../clock.ts";
import { PASSWORD } from "../people.ts";
import { test as base } from "../service.ts";

const HOUR = 3_600_000;
const DAY_SECONDS = 86_400;

const test = base
  .extend("clock", () => new MovableClock())
  // The use case with a clock that can be moved; sessions last a day.
  .extend("moved", ({ settings, database, clock }) => {
    return new Sessions(database, new SecurityManager(clock, settings), clock, { refreshTokenSeconds: DAY_SECONDS });
  });

function sessionIdOf({ refreshToken }: TokenPair): string {
  return refreshToken.split(".", 1)[0] ?? "";
}

describe("signing in", () => {
  test("it answers tokens", async ({ service: { sessions }, ann }) => {
    const tokens = await sessions.signIn("ANN@example.org", PASSWORD);

    expect(tokens.expiresIn).toBe(900);
    expect(await sessions.authenticate(tokens.accessToken)).toEqual(ann.user);
  });

  test.for([
    ["ann@example.org", `${PASSWORD}r`],
    ["ann@example.org", PASSWORD.toUpperCase()],
    ["nobody@example.org", PASSWORD],
    ["ann@example.org\0", PASSWORD],
  ] as const)(
    "a refusal does not say what was wrong: %j",
    async ([email, password], { service: { sessions }, ann }) => {
      expect(ann.user.email).toBe("ann@example.org");
      const signingIn = sessions.signIn(email, password);

      await expect(signingIn).rejects.toThrow(WrongCredentials);
      await expect(signingIn).rejects.toThrow(/^The e-mail address or the password is wrong\.$/);
    },
  );

  test("an old hash is replaced", async ({ service: { sessions }, ann, database }) => {
    const old = await bcrypt(PASSWORD, 4);
    const account = () => database.read((stores) => stores.users.getAccount(ann.user.id));
    const { passwordHash = "" } = (await account()) ?? {};
    await database.transaction((stores) => stores.users.rehash({ user: ann.user, passwordHash: old }, passwordHash));

    await expect(sessions.signIn(ann.user.email, `${PASSWORD}r`)).rejects.toThrow(WrongCredentials);
    expect((await account())?.passwordHash).toBe(old);
    await sessions.signIn(ann.user.email, PASSWORD);
    expect((await account())?.passwordHash).toMatch(/^bcrypt_sha256\$/);
    expect(await sessions.signIn(ann.user.email, PASSWORD)).toBeTruthy();
  });

  test("it clears expired sessions away", async ({ moved, clock, ann, database }) => {
    const old = await moved.signIn(ann.user.email, PASSWORD);
    clock.move(12 * HOUR);
    const recent = await moved.signIn(ann.user.email, PASSWORD);
    clock.move(13 * HOUR);
    await moved.signIn(ann.user.email, PASSWORD);

    const session = (tokens: TokenPair) => database.read((stores) => stores.sessions.get(sessionIdOf(tokens)));
    expect(await session(old)).toBeNull();
    expect(await session(recent)).not.toBeNull();
  });

  test("who is deleted in the meantime is not signed in", async ({ moved, ann, database }) => {
    const transaction = database.transaction.bind(database);
    database.transaction = (work) =>
      transaction(async (stores) => {
        stores.sessions.add = async () => {
          throw new NotFound("The user is gone.");
        };
        return work(stores);
      });

    await expect(moved.signIn(ann.user.email, PASSWORD)).rejects.toThrow(WrongCredentials);
  });

  test("what breaks otherwise is told as it is", async ({ moved, ann, database }) => {
    database.transaction = async () => {
      throw new TypeError("a bug");
    };

    await expect(moved.signIn(ann.user.email, PASSWORD)).rejects.toThrow("a bug");
  });
});

describe("staying signed in", () => {
  test("a refresh token buys the next pair", async ({ service: { sessions }, ann }) => {
    const following = await sessions.refresh(ann.tokens.refreshToken);

    expect(following.refreshToken).not.toBe(ann.tokens.refreshToken);
    expect(await sessions.authenticate(following.accessToken)).toEqual(ann.user);
    expect(await sessions.refresh(following.refreshToken)).toBeTruthy();
  });

  test("using a refresh token twice ends its session", async ({ service: { sessions }, ann }) => {
    const other = await sessions.signIn(ann.user.email, PASSWORD);
    const following = await sessions.refresh(ann.tokens.refreshToken);

    for (const { refreshToken } of [ann.tokens, following]) {
      await expect(sessions.refresh(refreshToken)).rejects.toThrow(InvalidToken);
    }
    expect(await sessions.refresh(other.refreshToken)).toBeTruthy();
  });

  test("using a refresh token twice at once ends its session", async ({ service: { sessions }, ann }) => {
    const attempts = Array.from({ length: 5 }, () => sessions.refresh(ann.tokens.refreshToken));
    const results = await Promise.allSettled(attempts);

    const pairs = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(pairs.length).toBeLessThanOrEqual(1);
    for (const { refreshToken } of pairs) await expect(sessions.refresh(refreshToken)).rejects.toThrow(InvalidToken);
  });

  test("of two who read the session at the same time, one is too late", async ({ moved, ann, database }) => {
    const transaction = database.transaction.bind(database);
    database.transaction = (work) =>
      transaction((stores) => {
        stores.sessions.rotate = async () => false;
        return work(stores);
      });

    await expect(moved.refresh(ann.tokens.refreshToken)).rejects.toThrow(InvalidToken);
    expect(await database.read((stores) => stores.sessions.get(sessionIdOf(ann.tokens)))).toBeNull();
  });

  test("a session ends when it is not used", async ({ moved, clock, ann, database }) => {
    const tokens = await moved.signIn(ann.user.email, PASSWORD);
    clock.move(24 * HOUR);

    await expect(moved.refresh(tokens.refreshToken)).rejects.toThrow(InvalidToken);
    expect(await database.read((stores) => stores.sessions.get(sessionIdOf(tokens)))).toBeNull();
  });

  test("a session goes on while it is used", async ({ moved, clock, ann }) => {
    let tokens = await moved.signIn(ann.user.email, PASSWORD);
    for (let day = 0; day < 3; day += 1) {
      clock.move(23 * HOUR);
      tokens = await moved.refresh(tokens.refreshToken);
    }
    expect(tokens.expiresIn).toBe(900);
  });

  test.for(["", ".", "a", "a.", ".b", "a.b", "a.b.c", "a\0.b", "é.b", "x".repeat(500), "a.b\n"])(
    "what is no refresh token is refused: %j",
    async (token, { service: { sessions } }) => {
      await expect(sessions.refresh(token)).rejects.toThrow(InvalidToken);
    },
  );

  test("a refresh token with more behind it is none", async ({ service: { sessions }, ann: { tokens } }) => {
    await expect(sessions.refresh(`${tokens.refreshToken}.more`)).rejects.toThrow(InvalidToken);

    expect(await sessions.refresh(tokens.refreshToken)).toBeTruthy();
  });

  test("a guessed secret is refused", async ({ service: { sessions }, ann: { tokens } }) => {
    await expect(sessions.refresh(`${sessionIdOf(tokens)}.guessed`)).rejects.toThrow(InvalidToken);
  });
});

describe("signing out, and being signed out", () => {
  test("signing out ends the session", async ({ service: { sessions }, ann: { tokens } }) => {
    await sessions.signOut(tokens.refreshToken);

    await expect(sessions.refresh(tokens.refreshToken)).rejects.toThrow(InvalidToken);
  });

  test.for(["", "a.b", "a\0.b"])("a bad token does nothing: %j", async (token, { service: { sessions }, ann }) => {
    await sessions.signOut(token);

    expect(await sessions.refresh(ann.tokens.refreshToken)).toBeTruthy();
  });

  test.for<UserChanges>([{ role: "admin" }, { password: "another horse, another battery" }])(
    "another role or password ends all tokens: %j",
    async (changes, { service: { sessions, users }, admin, ann: { user, tokens } }) => {
      await users.update(admin.user, user.id, changes);

      await expect(sessions.authenticate(tokens.accessToken)).rejects.toThrow(/revoked/);
      await expect(sessions.refresh(tokens.refreshToken)).rejects.toThrow(InvalidToken);
    },
  );

  test("another name ends no token", async ({ service: { sessions, users }, ann: { user, tokens } }) => {
    await users.update(user, user.id, { name: "Ann E." });

    expect(await sessions.authenticate(tokens.accessToken)).toMatchObject({ name: "Ann E." });
    expect(await sessions.refresh(tokens.refreshToken)).toBeTruthy();
  });

  test("the tokens of a deleted user stop working", async ({ service: { sessions, users }, ann: { user, tokens } }) => {
    await users.delete(user, user.id);

    await expect(sessions.authenticate(tokens.accessToken)).rejects.toThrow(InvalidToken);
    await expect(sessions.refresh(tokens.refreshToken)).rejects.toThrow(InvalidToken);
  });
});
