/**
 * What has happened. Events are named in the past tense, and never change afterwards.
 *
 * Their form on the wire, and the form of their data, are described in `contract/asyncapi.yaml`.
 */

import { NAMESPACE_URL, nameBasedId } from "./ids.ts";

export const USER_CREATED = "user.created";
export const USER_UPDATED = "user.updated";
export const USER_DELETED = "user.deleted";
export const SESSION_STARTED = "session.started";
export const SESSION_REFUSED = "session.refused";

export interface Event {
  /** The service in which it happened. */
  readonly source: string;
  /** Unique within its source. */
  readonly id: string;
  readonly type: string;
  /** The id of the user it is about, or empty. Events of one subject are published in the order they happened. */
  readonly subject: string;
  readonly time: Date;
  readonly data: Readonly<Record<string, unknown>>;
  /** The W3C trace context (`traceparent`) of what caused it. */
  readonly trace: string | null;
}

/** A message that could not be handled, put aside for somebody to look at. */
export interface DeadLetter {
  readonly id: string;
  /** As it came, whatever it is. */
  readonly body: Uint8Array;
  readonly error: string;
  readonly attempts: number;
  readonly parkedAt: Date;
}

/** This is no event, or its data is not what its type promises. Trying again does not help. */
export class InvalidEvent extends Error {
  override readonly name = "InvalidEvent";
}

/** Names an event among those of all sources, in 32 characters. */
export function eventKey(event: Event): string {
  return nameBasedId(NAMESPACE_URL, `${event.source}#${event.id}`);
}
