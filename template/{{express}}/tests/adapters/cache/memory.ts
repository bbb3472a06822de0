/** The cache in the process's memory: each start of the service has one of its own. */

import type { Settings } from "../../../src/settings.ts";
import type { Space } from "../../space.ts";

/** The settings of a cache that nobody but the tests uses. */
export async function own(_configured: Settings): Promise<Space> {
  return { settings: {}, remove: async () => {} };
}

/** It is empty whenever the service starts. */
export async function empty(_settings: Settings): Promise<void> {}
