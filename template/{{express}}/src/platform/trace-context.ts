/** Carries the W3C trace context of a request along, to the events that it causes and to those who handle them. */

import { AsyncLocalStorage } from "node:async_hooks";

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const storage = new AsyncLocalStorage<string | null>();

/** The trace context of what is going on right now. */
export function current(): string | null {
  return storage.getStore() ?? null;
}

/** The same, if it is a trace context at all: it comes from anybody. */
export function wellFormed(traceparent: unknown): string | null {
  return typeof traceparent === "string" && TRACEPARENT.test(traceparent) ? traceparent : null;
}

/** Does some work in this context; one that is not well-formed is ignored. */
export function bound<Result>(traceparent: unknown, work: () => Result): Result {
  const trace = wellFormed(traceparent);
  return trace === current() ? work() : storage.run(trace, work);
}
