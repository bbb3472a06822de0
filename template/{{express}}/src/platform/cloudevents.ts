/** Events as CloudEvents 1.0 in JSON: one envelope for every broker and every language. */

import { z } from "zod";
import type { Event } from "../domain/events.ts";
import { InvalidEvent } from "../domain/events.ts";
import * as traceContext from "./trace-context.ts";

export const CONTENT_TYPE = "application/cloudevents+json";

const LONGEST_TEXT = 1_000;
const DEEPEST_DATA = 100;

// CloudEvents allow no control characters, of which not every database keeps all.
const PRINTABLE = /^[^\p{Cc}]*$/u;

const possibleText = z
  .string()
  .regex(PRINTABLE, "has control characters in it")
  .refine((text) => text.isWellFormed(), "has half a character in it")
  .refine((text) => Array.from(text).length <= LONGEST_TEXT, `has more than ${LONGEST_TEXT} characters`);

const text = possibleText.min(1);

const time = z.iso
  .datetime({ offset: true })
  .transform((written) => new Date(written)) // To the millisecond, which every database keeps exactly.
  .refine(isWithinOurYears, "is outside of the years 1 to 9999 in UTC");

const data = z.custom<Readonly<Record<string, unknown>>>(
  (value) => isObject(value) && isPlain(value, DEEPEST_DATA),
  "is no object, too deep, or has half a character in it",
);

/** What we read of a CloudEvent; attributes that we do not know are allowed, as the specification says. */
const envelope = z.object({
  specversion: z.literal("1.0"),
  id: text,
  source: text,
  type: text,
  subject: possibleText.default(""),
  time,
  data,
  traceparent: z.unknown().optional(),
});

export function encode(event: Event): Buffer {
  const cloudEvent = {
    specversion: "1.0",
    id: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject || undefined,
    time: event.time.toISOString(),
    datacontenttype: "application/json",
    traceparent: event.trace ?? undefined,
    data: event.data,
  };
  return Buffer.from(JSON.stringify(cloudEvent));
}

/**
 * Reads a message from a broker, which may come from any service.
 *
 * @throws {InvalidEvent} It is no CloudEvent in JSON.
 */
export function decode(body: Uint8Array): Event {
  const { success, data: found, error } = envelope.safeParse(parse(body));
  if (!success) throw new InvalidEvent(`not a CloudEvent: ${inWords(error)}`);
  const { id, source, type, subject, time, data, traceparent } = found;
  return { id, source, type, subject, time, data, trace: traceContext.wellFormed(traceparent) };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw new InvalidEvent("not a CloudEvent: not JSON in UTF-8"); // Without what came: it may be a secret.
  }
}

function inWords(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`.trim()).join("; ");
}

function isWithinOurYears(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value can be written down again: it is not too deep, and its texts are whole. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.entries(value).every(([name, each]) => name.isWellFormed() && isPlain(each, depth - 1));
}
