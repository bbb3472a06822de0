/** Signing in, staying signed in, signing out, and telling who is calling. */

import { createHash, randomBytes } from "node:crypto";
import { InvalidToken, NotFound, WrongCredentials } from "../domain/errors.ts";
import type { Session, TokenPair } from "../domain/sessions.ts";
import type { Account, User } from "../domain/users.ts";
import { log } from "../platform/logs.ts";
import type { SecurityManager } from "../platform/security.ts";
import type { Clock, Database } from "../ports.ts";
import { Events } from "./events.ts";

const REFRESH_TOKEN = /^(?<sessionId>[A-Za-z0-9_-]+)\.(?<secret>[A-Za-z0-9_-]+)$/;

export class Sessions {
  readonly #database: Database;
  readonly #security: SecurityManager;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #refreshTokenSeconds: number;

  constructor(
    database: Database,
    security: SecurityManager,
    clock: Clock,
    { refreshTokenSeconds }: { readonly refreshTokenSeconds: number },
  ) {
    this.#database = database;
    this.#security = security;
    this.#clock = clock;
    this.#events = new Events(clock);
    this.#refreshTokenSeconds = refreshTokenSeconds;
  }

  /**
   * Begins a session.
   *
   * @throws {WrongCredentials} There is no such account, or this is not its password.
   */
  async signIn(email: string, password: string): Promise<TokenPair> {
    const account = await this.#database.read((stores) => stores.users.findAccount(email.toLowerCase()));
    const { isRight, newHash } = await this.#security.verifyPassword(password, account?.passwordHash ?? null);
    if (!account || !isRight) {
      await this.#refuse(account);
      throw wrongCredentials();
    }
    if (newHash !== null) await this.#upgradeHash(account, newHash);
    try {
      return await this.#begin(account.user);
    } catch (error) {
      throw error instanceof NotFound ? wrongCredentials() : error;
    }
  }

  /**
   * Exchanges a refresh token for the next pair.
   *
   * @throws {InvalidToken} It is forged, expired, or revoked; or it was used before, which ends its session.
   */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const { sessionId, secret } = parsed(refreshToken);
    const [session, user] = await this.#find(sessionId);
    if (!session) throw invalid();
    if (digest(secret) !== session.secretHash) {
      await this.#end(session, "a refresh token was used twice");
      throw invalid();
    }
    if (user?.generation !== session.generation || session.expiresAt <= this.#clock.now()) {
      await this.#end(session, "the session has expired");
      throw invalid();
    }
    return this.#rotate(user, session);
  }

  /** Ends the session that a refresh token is of, whether it is the newest one of it or was used before. */
  async signOut(refreshToken: string): Promise<void> {
    const found = REFRESH_TOKEN.exec(refreshToken)?.groups?.["sessionId"];
    if (found !== undefined) await this.#database.transaction((stores) => stores.sessions.delete(found));
  }

  /**
   * Whom an access token belongs to, as they are now.
   *
   * It asks the database every time, since a token must stop working at once, on every instance.
   *
   * @throws {InvalidToken} It is forged or expired, or its user is gone or has another password or role.
   */
  async authenticate(accessToken: string): Promise<User> {
    const { userId, generation } = await this.#security.readAccessToken(accessToken);
    const user = await this.#database.read((stores) => stores.users.get(userId));
    if (user?.generation !== generation) throw new InvalidToken("The access token has been revoked.");
    return user;
  }

  #find(sessionId: string): Promise<[Session | null, User | null]> {
    return this.#database.read(async (stores) => {
      const session = await stores.sessions.get(sessionId);
      return [session, session && (await stores.users.get(session.userId))];
    });
  }

  async #begin(user: User): Promise<TokenPair> {
    const secret = newSecret();
    const session: Session = {
      id: randomBytes(16).toString("base64url"),
      userId: user.id,
      generation: user.generation,
      secretHash: digest(secret),
      expiresAt: this.#expiry(),
    };
    await this.#database.transaction(async (stores) => {
      await stores.sessions.deleteExpired(user.id, this.#clock.now());
      await stores.sessions.add(session, this.#events.sessionStarted(user));
    });
    return this.#pair(user, session, secret);
  }

  async #refuse(account: Account | null): Promise<void> {
    const event = this.#events.sessionRefused(account?.user ?? null);
    await this.#database.transaction((stores) => stores.outbox.add(event));
  }

  async #rotate(user: User, session: Session): Promise<TokenPair> {
    const secret = newSecret();
    const isFirst = await this.#database.transaction((stores) =>
      stores.sessions.rotate(session, digest(secret), this.#expiry()),
    );
    if (!isFirst) {
      await this.#end(session, "a refresh token was used twice at once");
      throw invalid();
    }
    return this.#pair(user, session, secret);
  }

  async #end(session: Session, reason: string): Promise<void> {
    log.warn({ user_id: session.userId, reason }, "session ended");
    await this.#database.transaction((stores) => stores.sessions.delete(session.id));
  }

  async #upgradeHash(account: Account, newHash: string): Promise<void> {
    const upgraded = { ...account, passwordHash: newHash };
    await this.#database.transaction((stores) => stores.users.rehash(upgraded, account.passwordHash));
  }

  async #pair(user: User, session: Session, secret: string): Promise<TokenPair> {
    return {
      accessToken: await this.#security.createAccessToken(user.id, user.generation),
      refreshToken: `${session.id}.${secret}`,
      expiresIn: this.#security.accessTokenSeconds,
    };
  }

  #expiry(): Date {
    return new Date(this.#clock.now().getTime() + this.#refreshTokenSeconds * 1_000);
  }
}

function parsed(refreshToken: string): { sessionId: string; secret: string } {
  const { sessionId, secret } = REFRESH_TOKEN.exec(refreshToken)?.groups ?? {};
  if (sessionId === undefined || secret === undefined) throw invalid();
  return { sessionId, secret };
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Of a random secret, so that it needs neither salt nor effort. */
function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function wrongCredentials(): WrongCredentials {
  return new WrongCredentials("The e-mail address or the password is wrong.");
}

function invalid(): InvalidToken {
  return new InvalidToken("The refresh token is not good, or not any more.");
}
