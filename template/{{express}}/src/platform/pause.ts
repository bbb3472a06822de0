/** Waiting that a signal can end. */

import { setTimeout } from "node:timers/promises";

/** Returns after that time, or as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Returns as soon as the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Returns when work has ended, in whatever way, or that time is over. */
export async function endedWithin(milliseconds: number, ...work: readonly Promise<unknown>[]): Promise<void> {
  const ended = new AbortController();
  await Promise.race([Promise.allSettled(work), pause(milliseconds, ended.signal)]);
  ended.abort();
}

/**
 * What the work results in.
 *
 * @throws {Error} It takes longer than that. It goes on, but nobody waits for it any more.
 */
export async function withinTime<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const ended = new AbortController();
  const late = pause(milliseconds, ended.signal).then(() => {
    throw new Error(`no answer within ${milliseconds} ms`);
  });
  late.catch(() => undefined); // It is late in any case, only that nobody listens any more.
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}
