import type { Settings } from "../src/settings.ts";

/** A part of a server that nobody but the tests uses. */
export interface Space {
  /** The settings that lead there. */
  readonly settings: Partial<Settings>;
  remove(): Promise<void>;
}
