/** Sessions: one for each sign-in, kept alive by a refresh token that changes with every use. */

/** A family of refresh tokens, of which only the newest is good. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** The user's generation at sign-in: a session does not outlive a new password or role. */
  readonly generation: number;
  /** Of the newest token's secret. A token with another one was used before, or forged. */
  readonly secretHash: string;
  readonly expiresAt: Date;
}

/** What a sign-in or a refresh answers. */
export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** For how many seconds the access token is good. */
  readonly expiresIn: number;
}
