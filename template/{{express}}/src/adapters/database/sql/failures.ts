/** What the drivers say in different words. */

import { Unavailable } from "../../../domain/errors.ts";

/** A statement would have broken a constraint: something is there already, or something else is not. */
export class ConstraintViolated extends Error {
  override readonly name = "ConstraintViolated";
}

export function databaseDoesNotAnswer(cause: unknown): Unavailable {
  return new Unavailable("The database does not answer.", { cause });
}

/** Does some work, and calls by another name what it breaks. */
export async function onConstraintViolated<Result>(instead: () => Error, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ConstraintViolated ? instead() : error;
  }
}
