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

/** The path exists, but not with this method. */
export class MethodNotAllowed extends Error {
  override readonly name = "MethodNotAllowed";
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super("Method Not Allowed");
    this.allowed = allowed;
  }
}

/** Answers whatever was thrown on the way to an answer. */
export const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    log.error({ err: error }, "unhandled error");
    next(error); // Too late for another answer: Express breaks the connection.
  } else if (error instanceof errors.ServiceError) answerServiceError(response, error);
  else if (error instanceof InvalidRequest) answer(response, VALIDATION, error.message, error.wrong);
  else if (error instanceof MethodNotAllowed) {
    response.setHeader("Allow", error.allowed.join(", "));
    answer(response, METHOD_NOT_ALLOWED, error.message);
  } else if (statusOf(error) === TOO_LARGE.status) answer(response, TOO_LARGE, "The body is too large.");
  else if (error instanceof URIError)
    answer(response, NOT_FOUND, "Not Found"); // A path that is no text.
  else {
    log.error({ err: error }, "unhandled error");
    answer(response, INTERNAL, "It has been logged.");
  }
};

function answerServiceError(response: Response, error: errors.ServiceError): void {
  if (error instanceof errors.Unavailable) log.error({ error: String(error.cause ?? error) }, "unavailable");
  answer(response, PROBLEM_TYPES.get(error.constructor) ?? INTERNAL, error.message, wrongFields(error));
}

function answer(response: Response, problem: ProblemType, detail: string, wrong: readonly WrongField[] = []): void {
  const { status, name, title, headers = {} } = problem;
  const content: z.infer<typeof Problem> = {
    type: `urn:problem-type:${name}`,
    title,
    status,
    detail,
    request_id: String(response.getHeader("X-Request-ID")),
    ...(status === VALIDATION.status && { errors: [...wrong] }),
  };
  send(response, { status, headers, type: PROBLEM_JSON, body: content });
}

function wrongFields(error: errors.ServiceError): WrongField[] {
  if (error instanceof errors.InvalidField) {
    return [{ in: error.source, field: error.field, detail: error.detail }];
  }
  if (error instanceof errors.KeyReused) return [{ in: "header", field: "Idempotency-Key", detail: error.message }];
  return [];
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && "status" in error ? error.status : undefined;
}
