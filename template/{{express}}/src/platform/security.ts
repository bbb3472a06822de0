/** Passwords and access tokens. */

import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import { hash as bcrypt, verify as verifyBcrypt } from "@node-rs/bcrypt";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { InvalidToken } from "../domain/errors.ts";
import type { Clock } from "../ports.ts";

const ALGORITHM = "HS256";
const REQUIRED_CLAIMS = ["sub", "gen", "iat", "exp"];

/**
 * Begins the hashes of our own scheme: bcrypt over the SHA-256 of the password, since bcrypt itself ignores all beyond
 * 72 bytes. The format is Django's (`bcrypt_sha256$` and a bcrypt hash of the digest in hexadecimal digits).
 */
const PREFIX = "bcrypt_sha256$";

const BCRYPT = /^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/;
const BYTES_THAT_COUNT = 72;

export interface AccessToken {
  readonly userId: string;
  /** The user's, when the token was made. */
  readonly generation: number;
}

export interface PasswordCheck {
  readonly isRight: boolean;
  /** To be stored in place of the one that was checked, which is of an older cost or scheme. */
  readonly newHash: string | null;
}

export interface SecurityOptions {
  readonly secretKey: string;
  readonly bcryptCost: number;
  readonly accessTokenSeconds: number;
}

/**
 * Hashes passwords, and makes and reads access tokens.
 *
 * Hashing takes a quarter of a second of CPU, so it happens in a thread of Node's pool.
 */
export class SecurityManager {
  readonly accessTokenSeconds: number;
  readonly #key: KeyObject;
  /** The same for tokens. jose makes one of any other key, but anew for every token. */
  readonly #tokenKey: Promise<webcrypto.CryptoKey>;
  readonly #clock: Clock;
  readonly #cost: number;
  readonly #nobodysHash: Promise<string>;

  constructor(clock: Clock, { secretKey, bcryptCost, accessTokenSeconds }: SecurityOptions) {
    this.accessTokenSeconds = accessTokenSeconds;
    this.#key = createSecretKey(secretKey, "utf8");
    this.#tokenKey = tokenKeyOf(secretKey);
    this.#clock = clock;
    this.#cost = bcryptCost;
    this.#nobodysHash = this.hashPassword(randomBytes(32).toString("base64url"));
  }

  async hashPassword(password: string): Promise<string> {
    return PREFIX + (await bcrypt(digest(password), this.#cost));
  }

  /** Checks a password; without a hash it takes as long, so that nobody can tell whether there is an account. */
  async verifyPassword(password: string, passwordHash: string | null): Promise<PasswordCheck> {
    const isRight = await isPasswordOf(passwordHash ?? (await this.#nobodysHash), password);
    if (!isRight || passwordHash === null) return { isRight: false, newHash: null };
    return { isRight, newHash: this.#isOutdated(passwordHash) ? await this.hashPassword(password) : null };
  }

  /** A JSON Web Token for a user, good for so many seconds (default: the setting `ACCESS_TOKEN_SECONDS`). */
  async createAccessToken(userId: string, generation: number, seconds = this.accessTokenSeconds): Promise<string> {
    const now = this.#clock.now();
    return new SignJWT({ gen: generation })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setSubject(userId)
      .setIssuedAt(now)
      .setExpirationTime(new Date(now.getTime() + seconds * 1_000))
      .setJti(randomBytes(8).toString("hex"))
      .sign(await this.#tokenKey);
  }

  /**
   * Reads what `createAccessToken` made.
   *
   * @throws {InvalidToken} It is forged, expired, or no access token at all.
   */
  async readAccessToken(token: string): Promise<AccessToken> {
    const { sub: userId, ["gen"]: generation } = await this.#verify(token);
    if (typeof userId !== "string" || typeof generation !== "number") throw noAccessToken();
    return { userId, generation };
  }

  /** A keyed digest: tells whether two contents are equal, and nothing else about them. */
  fingerprint(content: string): string {
    return createHmac("sha256", this.#key).update(content).digest("hex");
  }

  async #verify(token: string): Promise<JWTPayload> {
    // A token from the future is no worse for it: the clock of the instance that made it is ahead of this one's.
    const options = { algorithms: [ALGORITHM], requiredClaims: REQUIRED_CLAIMS, currentDate: this.#clock.now() };
    try {
      return (await jwtVerify(token, await this.#tokenKey, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new InvalidToken("The access token has expired.");
      if (error instanceof errors.JOSEError) throw noAccessToken();
      throw error;
    }
  }

  /** Only ever upwards: two instances with different settings would undo each other's work. */
  #isOutdated(passwordHash: string): boolean {
    return !passwordHash.startsWith(PREFIX) || costOf(passwordHash.slice(PREFIX.length)) < this.#cost;
  }
}

/** Whether this is the password of a hash, of our own scheme or of plain bcrypt, as it comes from other systems. */
async function isPasswordOf(passwordHash: string, password: string): Promise<boolean> {
  const [hash, input] = passwordHash.startsWith(PREFIX)
    ? [passwordHash.slice(PREFIX.length), Buffer.from(digest(password))]
    : [passwordHash, Buffer.from(password).subarray(0, BYTES_THAT_COUNT)];
  return BCRYPT.test(hash) && (await verifyBcrypt(input, hash));
}

function tokenKeyOf(secretKey: string): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return webcrypto.subtle.importKey("raw", Buffer.from(secretKey), algorithm, false, ["sign", "verify"]);
}

function costOf(hash: string): number {
  return Number(BCRYPT.exec(hash)?.groups?.["cost"]);
}

function digest(password: string): string {
  return createHash("sha256").update(password).digest("hex");
}

function noAccessToken(): InvalidToken {
  return new InvalidToken("This is not an access token of this service.");
}
