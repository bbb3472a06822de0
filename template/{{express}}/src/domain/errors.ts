/**
 * What can go wrong for a reason that the caller can understand.
 *
 * Use cases throw these; each API says in its own way what happened (REST: `api/rest/problems.ts`).
 */

/** The base of all errors that are answers rather than bugs. */
export abstract class ServiceError extends Error {
  override readonly name = this.constructor.name;
}

/** There is no such thing, or no longer. */
export class NotFound extends ServiceError {}

/** The caller is known, and may not do this. */
export class Forbidden extends ServiceError {}

/** An access or refresh token that is forged, expired, used up or revoked. */
export class InvalidToken extends ServiceError {}

/** No account has this e-mail and password. It does not say which of the two is wrong. */
export class WrongCredentials extends ServiceError {}

/** Another user has this e-mail. */
export class EmailTaken extends ServiceError {}

/** The caller's copy of a record is not the current one. */
export class Stale extends ServiceError {}

/** This idempotency key came with another request before. */
export class KeyReused extends ServiceError {}

/** Something that the service depends on does not answer. */
export class Unavailable extends ServiceError {}

/** Where the caller wrote something. */
export type FieldSource = "body" | "query" | "path" | "header" | "form";

/** One field of the input is wrong in a way that only a use case can see. */
export class InvalidField extends ServiceError {
  /** Its name, as the caller wrote it. */
  readonly field: string;
  /** What is wrong with it, as a sentence. */
  readonly detail: string;
  readonly source: FieldSource;

  constructor(field: string, detail: string, source: FieldSource = "body") {
    super(`${field}: ${detail}`);
    this.field = field;
    this.detail = detail;
    this.source = source;
  }
}
