/** Work that goes on beside the requests, for as long as the service runs. */

import { log } from "./logs.ts";
import { endedWithin, pause } from "./pause.ts";

/** Something that runs until its signal is aborted, and is started again should it break. */
export interface Worker {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Workers that have been started. */
export interface RunningWorkers {
  /** Stops them from the last to the first: each may finish what it has begun, unless that takes too long. */
  stop(): Promise<void>;
}

export interface WorkerTimes {
  /** How long a worker that broke rests before it is started again. */
  readonly restMilliseconds?: number;
  readonly drainMilliseconds?: number;
}

export function startWorkers(
  workers: readonly Worker[],
  { restMilliseconds = 1_000, drainMilliseconds = 5_000 }: WorkerTimes = {},
): RunningWorkers {
  const started = workers.map((worker) => {
    const stopping = new AbortController();
    return { stopping, ended: keepRunning(worker, restMilliseconds, stopping.signal) };
  });
  return {
    async stop() {
      for (const { stopping, ended } of started.toReversed()) {
        stopping.abort();
        await endedWithin(drainMilliseconds, ended);
      }
    },
  };
}

async function keepRunning(worker: Worker, restMilliseconds: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await worker.run(signal);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, worker: worker.name }, "worker broke");
    }
    await pause(restMilliseconds, signal);
  }
}
