/** How a command ends that cannot do what it was asked for: with 2, and words instead of a stack. */

import { NotFound, Unavailable } from "../domain/errors.ts";
import { SettingsError } from "../settings.ts";

const REMEDY = "See .env.example; `make setup` makes an .env for development.";
const LONGEST_LINE = 300;

/** Ends a command; the message is for whoever gave it. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** What there is to say about an error that somebody can do something about; undefined for any other. */
export function explanationOf(error: unknown): string | undefined {
  if (error instanceof CommandFailed || error instanceof NotFound) return error.message;
  if (error instanceof SettingsError) return `${error.message}\n${REMEDY}`;
  if (!(error instanceof Unavailable)) return undefined;
  const said = `${error.message} ${reasonOf(error.cause)}`.trim().slice(0, LONGEST_LINE);
  return `${said}\nCheck DATABASE_URL, and that the server runs.`;
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : "";
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return message.split("\n", 1)[0] || code;
}
