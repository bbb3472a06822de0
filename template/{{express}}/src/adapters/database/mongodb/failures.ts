/** Which errors of the driver tell that the database does not answer. */

import {
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerClosedError,
  MongoServerError,
  MongoSystemError,
  MongoTopologyClosedError,
} from "mongodb";
import { Unavailable } from "../../../domain/errors.ts";

const LOST = [
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerClosedError,
  MongoSystemError,
  MongoTopologyClosedError,
];

const ALL_IN_USE = "MongoWaitQueueTimeoutError";

/** Authentication failed; or the server shuts down, recovers, or is no primary any more. */
const NOT_SERVING = new Set<unknown>([18, 91, 189, 10107, 11600, 11602, 13435, 13436]);

/** @throws {Unavailable} The work failed since the database does not answer. */
export async function unavailableOnFailure<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MongoError && error.name === ALL_IN_USE) {
      throw new Unavailable("All connections to the database are in use.", { cause: error });
    }
    if (isLost(error)) throw new Unavailable("The database does not answer.", { cause: error });
    throw error;
  }
}

function isLost(error: unknown): boolean {
  if (error instanceof MongoServerError) return NOT_SERVING.has(error.code);
  return LOST.some((kind) => error instanceof kind) || isUnknownHost(error);
}

/** Whether no host was found by DNS, which is no error of the driver's own. */
function isUnknownHost(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && String(error.syscall).startsWith("query");
}
