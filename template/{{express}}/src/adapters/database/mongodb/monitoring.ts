/** Times every command, and counts connections. */

import type { CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent, Document, MongoClient } from "mongodb";
import type { Metrics } from "../../../platform/metrics.ts";
import type { StatementTimer } from "../../../platform/statements.ts";

/** The parts of a command that say what it looks for. */
const SHOWN = ["filter", "query", "updates", "deletes", "sort", "pipeline"];

export function timeCommands(client: MongoClient, timer: Pick<StatementTimer, "record">): void {
  const underWay = new Map<number, { command: Document; startedAt: number }>();

  function started({ requestId, command }: CommandStartedEvent): void {
    underWay.set(requestId, { command, startedAt: performance.now() });
  }

  function ended({ requestId, commandName }: CommandSucceededEvent | CommandFailedEvent): void {
    const found = underWay.get(requestId);
    if (!found) return;
    underWay.delete(requestId);
    // The driver's own duration is in whole milliseconds.
    const milliseconds = performance.now() - found.startedAt;
    timer.record(commandName, () => shapeOfCommand(commandName, found.command), milliseconds);
  }

  client.on("commandStarted", started).on("commandSucceeded", ended).on("commandFailed", ended);
}

/** Feeds the gauges of connections. */
export function countConnections(client: MongoClient, metrics: Metrics): void {
  let [open, inUse] = [0, 0];
  client.on("connectionCreated", () => {
    open += 1;
  });
  client.on("connectionClosed", () => {
    open -= 1;
  });
  client.on("connectionCheckedOut", () => {
    inUse += 1;
  });
  client.on("connectionCheckedIn", () => {
    inUse -= 1;
  });
  metrics.watchPool(() => ({ inUse, idle: open - inUse }));
}

/** A command in words, with `?` for every value, since values may be secrets. */
function shapeOfCommand(name: string, command: Document): string {
  const parts = SHOWN.filter((part) => part in command).map((part) => `${part}: ${shapeOf(command[part])}`);
  return [name, command[name], ...parts].join(" ");
}

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shapeOf).join(", ")}]`;
  if (!isPlainObject(value)) return "?";
  return `{${Object.entries(value)
    .map(([name, each]) => `${name}: ${shapeOf(each)}`)
    .join(", ")}}`;
}

/** A document, and neither a date nor an id. */
function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
