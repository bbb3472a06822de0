/** Users: who may sign in, and what they may do. */

export const ROLES = ["user", "admin"] as const;

export type Role = (typeof ROLES)[number];

/** Everything about a user but the password, so that it may be shown, logged and cached. */
export interface User {
  readonly id: string;
  /** In lower case: addresses are compared without regard to case. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  /** Begins with 1, and is raised by every change. */
  readonly version: number;
  /** Begins with 1, and is raised by a new password or role: tokens of an earlier generation are refused. */
  readonly generation: number;
}

/** A user together with the hash of their password. */
export interface Account {
  readonly user: User;
  readonly passwordHash: string;
}

/** What it takes to make a user. */
export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly role: Role;
}

/** The fields of a user to change; the others stay as they are. */
export interface UserChanges {
  readonly email?: string;
  readonly name?: string;
  readonly password?: string;
  readonly currentPassword?: string;
  readonly role?: Role;
}

/** An idempotency key that a creation was requested with. */
export interface CreationKey {
  /** Names the request; the same key of two callers differs. */
  readonly value: string;
  /** Names its content; tells a repeated request from another one. */
  readonly fingerprint: string;
}

export function isAdmin(user: User): boolean {
  return user.role === "admin";
}
