import { expect, test } from "vitest";
import { Metrics } from "../../src/platform/metrics.ts";

const NAMES = [
  "http_requests_total",
  "http_request_duration_seconds",
  "db_statement_duration_seconds",
  "db_pool_connections",
  "cache_requests_total",
  "outbox_events",
  "events_published_total",
  "events_consumed_total",
  "event_lag_seconds",
];

test("the metrics have the names that dashboards ask for", async () => {
  const text = await new Metrics().render();

  for (const name of [...NAMES, "process_resident_memory_bytes"]) expect(text).toContain(`# TYPE ${name} `);
});

test("the pool is asked when the metrics are read", async () => {
  const metrics = new Metrics();
  let inUse = 1;
  metrics.watchPool(() => ({ inUse, idle: 5 }));
  expect(await metrics.render()).toContain('db_pool_connections{state="in_use"} 1\n');
  inUse = 2;

  const text = await metrics.render();
  expect(text).toContain('db_pool_connections{state="in_use"} 2\n');
  expect(text).toContain('db_pool_connections{state="idle"} 5\n');
});

test("two sets do not mix", async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.eventsPublished.inc({ type: "user.created" });

  expect(await other.render()).not.toContain("user.created");
});
