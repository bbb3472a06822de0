/** Errors as problem details (RFC 9457): which error is answered how. */

import type { ErrorRequestHandler, Response } from "express";
import type { z } from "zod";
import * as errors from "../../domain/errors.ts";
import { log } from "../../platform/logs.ts";
import { send } from "./answers.ts";
import type { FieldError, Problem } from "./schemas.ts";

export type WrongField = z.infer<typeof FieldError>;

interface ProblemType {
  readonly status: number;
  readonly name: string;
  readonly title: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const PROBLEM_JSON = "application/problem+json";

const VALIDATION: ProblemType = { status: 422, name: "validation", title: "The request is not valid" };
const NOT_FOUND: ProblemType = { status: 404, name: "not-found", title: "There is no such thing" };
const INTERNAL: ProblemType = { status: 500, name: "internal", title: "Something went wrong here" };
const TOO_LARGE: ProblemType = { status: 413, name: "too-large", title: "The request is too large" };
const METHOD_NOT_ALLOWED: ProblemType = {
  status: 405,
  name: "method-not-allowed",
  title: "This method is not allowed here",
};

const PROBLEM_TYPES = new Map<unknown, ProblemType>([
  [
    errors.WrongCredentials,
    {
      status: 401,
      name: "wrong-credentials",
      title: "The name or the password is wrong",
      headers: { "WWW-Authenticate": "Bearer" },
    },
  ],
  [
    errors.InvalidToken,
    {
      status: 401,
      name: "invalid-token",
      title: "The token is not good",
      headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
    },
  ],
  [errors.Forbidden, { status: 403, name: "forbidden", title: "The caller may not do this" }],
  [errors.NotFound, NOT_FOUND],
  [errors.EmailTaken, { status: 409, name: "email-taken", title: "The e-mail address is taken" }],
  [errors.Stale, { status: 412, name: "stale", title: "The version is not the current one" }],
  [errors.KeyReused, { status: 422, name: "key-reused", title: "The idempotency key was used for something else" }],
  [errors.InvalidField, VALIDATION],
  [
    errors.Unavailable,
    {
      status: 503,
      name: "unavailable",
      title: "The service cannot do this now",
      headers: { "Retry-After": "1" },
    },
  ],
]);

/** The request is not valid, in one place or in several. */
export class InvalidRequest extends Error {
  override readonly name = "InvalidRequest";
  readonly wrong: readonly WrongField[];

  constructor(wrong: readonly WrongField[]) {
    super(wrong.map(({ field, detail }) => `${field} ${detail}`.trim()).join("; "));
    this.wrong = wrong;
  }
}

/** The body is larger than any that is read. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** The path exists, but not with this method. */
export class MethodNotAllowed extends Error {
  override readonly name = "MethodNotAllowed";
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super("Method Not Allowed");
    this.allowed = allowed;
  }
}

/** What there is to be said about an error. */
interface Told {
  readonly type: ProblemType;
  readonly detail: string;
  readonly wrong?: readonly WrongField[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers whatever was thrown on the way to an answer. */
export const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    log.error({ err: error }, "unhandled error");
    next(error); // Too late for another answer: Express breaks the connection.
  } else answer(response, tell(error));
};

function tell(error: unknown): Told {
  if (error instanceof errors.ServiceError) return tellServiceError(error);
  if (error instanceof InvalidRequest) return { type: VALIDATION, detail: error.message, wrong: error.wrong };
  if (error instanceof BodyTooLarge) return { type: TOO_LARGE, detail: error.message };
  if (error instanceof URIError) return { type: NOT_FOUND, detail: "Not Found" }; // A path that is no text.
  if (error instanceof MethodNotAllowed) {
    return { type: METHOD_NOT_ALLOWED, detail: error.message, headers: { Allow: error.allowed.join(", ") } };
  }
  log.error({ err: error }, "unhandled error");
  return { type: INTERNAL, detail: "It has been logged." };
}

function tellServiceError(error: errors.ServiceError): Told {
  if (error instanceof errors.Unavailable) log.error({ error: String(error.cause ?? error) }, "unavailable");
  const type = PROBLEM_TYPES.get(error.constructor) ?? INTERNAL;
  return { type, detail: error.message, wrong: wrongFields(error) };
}

function answer(response: Response, { type, detail, wrong = [], headers = {} }: Told): void {
  const content: z.infer<typeof Problem> = {
    type: `urn:problem-type:${type.name}`,
    title: type.title,
    status: type.status,
    detail,
    request_id: String(response.getHeader("X-Request-ID")),
    ...(type.status === VALIDATION.status && { errors: [...wrong] }),
  };
  send(response, { status: type.status, headers: { ...type.headers, ...headers }, type: PROBLEM_JSON, body: content });
}

function wrongFields(error: errors.ServiceError): WrongField[] {
  if (error instanceof errors.InvalidField) {
    return [{ in: error.source, field: error.field, detail: error.detail }];
  }
  if (error instanceof errors.KeyReused) return [{ in: "header", field: "Idempotency-Key", detail: error.message }];
  return [];
}
