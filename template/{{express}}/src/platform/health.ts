/** Whether the service can do its work: asks everything that it depends on. */

import { log } from "./logs.ts";
import { withinTime } from "./pause.ts";

/** Shorter than the usual time-out of a probe, so that the answer names the dependency that hangs. */
const PATIENCE_MILLISECONDS = 2_000;

/** Something that the service needs. */
export interface Dependency {
  readonly name: string;
  /** Throws if it does not answer. */
  ping(): Promise<void>;
  /** Whether the service cannot do without it. */
  readonly required: boolean;
}

export interface DependencyState {
  readonly dependency: Dependency;
  readonly isUp: boolean;
}

/** What the dependencies said. */
export interface Health {
  readonly isReady: boolean;
  readonly dependencies: readonly DependencyState[];
}

export async function checkHealth(
  dependencies: readonly Dependency[],
  patienceMilliseconds = PATIENCE_MILLISECONDS,
): Promise<Health> {
  const states = await Promise.all(
    dependencies.map(async (dependency) => ({ dependency, isUp: await isUp(dependency, patienceMilliseconds) })),
  );
  return { isReady: states.every(({ dependency, isUp }) => isUp || !dependency.required), dependencies: states };
}

async function isUp(dependency: Dependency, patienceMilliseconds: number): Promise<boolean> {
  try {
    await withinTime(patienceMilliseconds, dependency.ping());
    return true;
  } catch (error) {
    log.warn({ dependency: dependency.name, error: String(error) }, "dependency is down");
    return false;
  }
}
