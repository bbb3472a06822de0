/**
 * Structured logs: JSON lines in production, lines for people in development.
 *
 * Everything goes to standard error, and carries the request id of the request that caused it.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, stdSerializers } from "pino";
import pretty from "pino-pretty";
import { NAME } from "../about.ts";
import type { Settings } from "../settings.ts";

type Fields = Readonly<Record<string, unknown>>;

const STANDARD_ERROR = 2;

/** What pino calls the levels of the setting `LOG_LEVEL`. */
const LEVELS = { debug: "debug", info: "info", warning: "warn", error: "error" } as const;

const fields = new AsyncLocalStorage<Fields>();

const options: LoggerOptions = {
  messageKey: "event",
  errorKey: "exception",
  base: null,
  mixin: () => fields.getStore() ?? {},
  mixinMergeStrategy: (line, bound) => ({ ...bound, ...line }), // pino's own would write the line's fields into `bound`.
  formatters: { log: ({ err, ...others }) => (err === undefined ? others : { ...others, exception: err }) },
  serializers: { exception: stdSerializers.err },
};

/** With the fields and their names that services in every language have. */
const optionsForMachines: LoggerOptions = {
  ...options,
  base: { service: NAME },
  timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
  formatters: { ...options.formatters, level: (label) => ({ level: label === "warn" ? "warning" : label }) },
};

/** The logger of the whole service; until `configure` is called it writes nothing. */
export let log: Logger = pino({ ...options, level: "silent" });

interface Destination {
  /** A file descriptor or a stream. */
  readonly out?: number | NodeJS.WritableStream;
  /** Whether to go on while a line is written, as a server does; what a command tells stands in its order. */
  readonly inBackground?: boolean;
}

export function configure(
  settings: Pick<Settings, "logLevel" | "inProduction">,
  { out = STANDARD_ERROR, inBackground = false }: Destination = {},
): void {
  const level = LEVELS[settings.logLevel];
  if (settings.inProduction) {
    const stream = typeof out === "number" ? destination({ dest: out, sync: !inBackground }) : out;
    log = pino({ ...optionsForMachines, level }, stream);
  } else {
    log = pino({ ...options, level }, forPeople(out));
  }
}

/** Adds fields to every line that some work writes. */
export function withLogFields<Result>(more: Fields, work: () => Result): Result {
  return fields.run({ ...fields.getStore(), ...more }, work);
}

function forPeople(out: number | NodeJS.WritableStream): DestinationStream {
  return pretty({
    destination: out,
    sync: true,
    colorize: process.stderr.isTTY,
    messageKey: "event",
    errorLikeObjectKeys: ["exception"],
    singleLine: true,
  });
}
