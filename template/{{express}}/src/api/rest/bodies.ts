/** Reads the bodies of requests. */

import express, { type Request, type Response } from "express";
import { BodyTooLarge, InvalidRequest } from "./problems.ts";

/** In bytes; many times what any request here needs. Whatever is larger is not even read. */
export const LARGEST_BODY = 1024 * 1024;

const CONTENT_TOO_LARGE = 413;

/** Many times what any request here needs; what is nested deeper could exhaust whoever walks through it. */
const DEEPEST = 100;

const JSON_TYPE = /^application\/([a-z0-9.-]+\+)?json$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded$/i;

const readRaw = express.raw({ type: () => true, limit: LARGEST_BODY, inflate: false });

/**
 * The value that a body in JSON has. Only JSON that is called JSON is read, so that no form of another site can send it.
 *
 * @throws {InvalidRequest} It is none.
 */
export async function readJson(request: Request, response: Response): Promise<unknown> {
  if (!JSON_TYPE.test(mediaTypeOf(request))) throw unreadable("must be JSON, sent as application/json");
  const body = await read(request, response);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw unreadable(`is not valid JSON: ${error instanceof SyntaxError ? "its syntax" : "its encoding"} is wrong`);
  }
  if (isDeeperThan(DEEPEST, value)) throw unreadable("is nested too deeply");
  return value;
}

/** The fields of a form, of those that are repeated the last one; none if there is no form. */
export async function readForm(request: Request, response: Response): Promise<Record<string, string>> {
  if (!FORM_TYPE.test(mediaTypeOf(request))) return {};
  const body = await read(request, response);
  return Object.fromEntries(new URLSearchParams(body.toString()));
}

async function read(request: Request, response: Response): Promise<Buffer> {
  try {
    await new Promise<void>((resolve, reject) => {
      readRaw(request, response, (error: unknown) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    throw error instanceof Error && "status" in error && error.status === CONTENT_TOO_LARGE
      ? new BodyTooLarge(`The body must not be larger than ${LARGEST_BODY} bytes.`)
      : unreadable("cannot be read");
  }
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

function mediaTypeOf(request: Request): string {
  return (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim() ?? "";
}

function unreadable(detail: string): InvalidRequest {
  return new InvalidRequest([{ in: "body", field: "", detail }]);
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeperThan(depth - 1, each));
}
