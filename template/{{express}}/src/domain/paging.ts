/**
 * Pages of a list that goes on growing while it is read, newest first.
 *
 * A cursor holds the position of the last item that was read, not a number of items, so that nothing is
 * skipped or repeated when others are created or deleted in the meantime.
 */

import { InvalidField } from "./errors.ts";

const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** The position of an item: when it was created, and its id among those of that moment. */
export interface Cursor {
  readonly createdAt: Date;
  readonly id: string;
}

/** Some items, and where the next ones begin: null at the end of the list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The cursor in the form that callers hand back: base64url, opaque to them. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.createdAt.getTime(), cursor.id])).toString("base64url");
}

/** Reads what `encodeCursor` wrote; throws `InvalidField` if it was not written by it. */
export function decodeCursor(text: string): Cursor {
  const [milliseconds, id, ...others] = parsePosition(text);
  const createdAt = new Date(typeof milliseconds === "number" ? milliseconds : Number.NaN);
  // No id has a NUL, and not every database lets one ask.
  const isGood = others.length === 0 && typeof id === "string" && !id.includes("\0");
  if (!isGood || !isWritable(createdAt)) throw invalidCursor();
  return { createdAt, id };
}

/** A page of at most `limit` items, out of up to `limit + 1` that were read. */
export function pageOf<Item>(items: readonly Item[], limit: number, position: (item: Item) => Cursor): Page<Item> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, nextCursor: last && items.length > limit ? encodeCursor(position(last)) : null };
}

export function invalidCursor(): InvalidField {
  return new InvalidField("cursor", "is not a cursor that an earlier page answered", "query");
}

function parsePosition(text: string): unknown[] {
  if (!BASE64URL.test(text)) throw invalidCursor();
  try {
    const position: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (Array.isArray(position)) return position;
  } catch {
    // It is answered like any other text that is no cursor.
  }
  throw invalidCursor();
}

/** Whether it is a date at all, in years that every database can compare with. */
function isWritable(date: Date): boolean {
  return date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;
}
