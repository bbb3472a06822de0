/** The time, from the operating system. */

import type { Clock } from "../ports.ts";

export const systemClock: Clock = { now: () => new Date() };
