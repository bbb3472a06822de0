/** Answers, and how they are sent. */

import type { Response } from "express";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The media type of the body. */
  readonly type?: string;
  /** A text as it is; anything else as JSON. */
  readonly body?: unknown;
}

export function send(response: Response, { status = 200, headers = {}, type, body }: Answer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) response.end();
  else {
    response.setHeader("Content-Type", type ?? "application/json");
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }
}
