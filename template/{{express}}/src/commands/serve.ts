/** Serves requests until told to stop. */

import { once } from "node:events";
import { createApp } from "../api/rest/app.ts";
import { drain, listening } from "../api/rest/server.ts";
import { Unavailable } from "../domain/errors.ts";
import { log } from "../platform/logs.ts";
import { Metrics } from "../platform/metrics.ts";
import { startWorkers } from "../platform/workers.ts";
import type { Settings } from "../settings.ts";
import { build, isMigrated } from "../wiring.ts";
import { CommandFailed } from "./failing.ts";

export async function serve(settings: Settings): Promise<void> {
  try {
    await requireMigrations(settings);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    // Until the database is back, /readyz tells that it is down.
    log.warn({ error: String(error.cause ?? error) }, "the database does not answer yet");
  }
  const stopping = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  const service = build(settings, new Metrics());
  const server = await listening(createApp(service), settings.host, settings.port).catch(cannotListen);
  const workers = startWorkers(service.workers);
  log.info({ url: `http://${settings.host}:${settings.port}`, docs: "/docs" }, "serving");
  await stopping;
  await drain(server, settings.shutdownSeconds * 1_000);
  await workers.stop();
  await service.close();
  log.info("stopped");
}

/** @throws {CommandFailed} The database lacks migrations. */
export async function requireMigrations(settings: Settings): Promise<void> {
  if (!(await isMigrated(settings))) throw new CommandFailed("The database lacks migrations. Run `make migrate`.");
}

/** @throws {CommandFailed} Somebody else has the port, or it is none of this machine. */
function cannotListen(error: unknown): never {
  throw new CommandFailed(`It cannot listen: ${error instanceof Error ? error.message : error}.`);
}
