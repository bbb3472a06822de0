/** The service as it really starts, on a database and a cache that nobody but the tests uses; its events stay within. */

import type { AddressInfo } from "node:net";
import { createApp } from "../src/api/rest/app.ts";
import { drain, listening } from "../src/api/rest/server.ts";
import { Metrics } from "../src/platform/metrics.ts";
import { startWorkers } from "../src/platform/workers.ts";
import type { Cache } from "../src/ports.ts";
import type { Settings } from "../src/settings.ts";
import { assemble, type Service } from "../src/wiring.ts";
import { test as base, configured, makeSettings } from "./fixtures.ts";
import { LocalBus } from "./local-bus.ts";
import { Caller, newPerson } from "./people.ts";
import { connectCache, connectDatabase, cache as testCache, database as testDatabase } from "./wiring.ts";

const DRAIN_MILLISECONDS = 5_000;

export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads there what a fixture is made of.
  .extend("ownCache", { scope: "file" }, async ({}, { onCleanup }) => {
    const space = await testCache.own(configured);
    onCleanup(() => space.remove());
    return space;
  })
  .extend("settings", async ({ ownDatabase, ownCache }): Promise<Settings> => {
    const settings = makeSettings({ ...ownDatabase.settings, ...ownCache.settings });
    await testDatabase.empty(settings);
    await testCache.empty(settings);
    return settings;
  })
  .extend("cache", async ({ settings }, { onCleanup }): Promise<Cache> => {
    const cache = connectCache(settings);
    onCleanup(() => cache.close());
    return cache;
  })
  .extend("localBus", () => new LocalBus())
  .extend("service", async ({ settings, localBus }, { onCleanup }): Promise<Service> => {
    const metrics = new Metrics();
    const [database, cache] = [connectDatabase(settings, metrics), connectCache(settings)];
    const service = assemble(settings, metrics, { database, cache, bus: localBus });
    const workers = startWorkers(service.workers);
    onCleanup(async () => {
      await workers.stop();
      await service.close();
    });
    return service;
  })
  .extend("anyone", async ({ service }, { onCleanup }): Promise<Caller> => caller(service, onCleanup))
  .extend("admin", ({ service, anyone }) => newPerson(service, anyone, "admin", "admin"))
  .extend("ann", ({ service, anyone }) => newPerson(service, anyone, "ann"))
  .extend("bob", ({ service, anyone }) => newPerson(service, anyone, "bob"));

/** Somebody who calls a service that listens for as long as the test lasts, and has not signed in. */
export async function caller(service: Service, onCleanup: (end: () => Promise<void>) => void): Promise<Caller> {
  const server = await listening(createApp(service), "127.0.0.1", 0);
  onCleanup(() => drain(server, DRAIN_MILLISECONDS));
  return new Caller(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
