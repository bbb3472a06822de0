/** What the service counts and times, for Prometheus. Durations are in seconds. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** Of connections to the database, by their state. */
export interface PoolState {
  readonly inUse: number;
  readonly idle: number;
}

/** One set for one application, so that two of them in a process, as in tests, do not mix. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests;
  readonly requestDuration;
  readonly statementDuration;
  readonly poolConnections;
  readonly cacheRequests;
  readonly outboxEvents;
  readonly eventsPublished;
  readonly eventsConsumed;
  readonly eventLag;
  #pool: (() => PoolState) | undefined;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: "http_requests_total",
      help: "Requests that were answered.",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.requestDuration = new Histogram({
      name: "http_request_duration_seconds",
      help: "From the first byte of a request to the last of its answer.",
      labelNames: ["method", "route"],
      buckets: FAST,
      registers,
    });
    this.statementDuration = new Histogram({
      name: "db_statement_duration_seconds",
      help: "How long the database took for a statement.",
      labelNames: ["operation"],
      buckets: FAST,
      registers,
    });
    this.poolConnections = new Gauge({
      name: "db_pool_connections",
      help: "Connections to the database.",
      labelNames: ["state"],
      registers,
      collect: () => this.#countConnections(),
    });
    this.cacheRequests = new Counter({
      name: "cache_requests_total",
      help: "Calls of cached functions, by what the cache had to say: hit, miss or unavailable.",
      labelNames: ["function", "result"],
      registers,
    });
    this.outboxEvents = new Gauge({
      name: "outbox_events",
      help: "Events that wait to be published, up to the size of a batch.",
      registers,
    });
    this.eventsPublished = new Counter({
      name: "events_published_total",
      help: "Events that the broker has confirmed.",
      labelNames: ["type"],
      registers,
    });
    this.eventsConsumed = new Counter({
      name: "events_consumed_total",
      help: "Messages that were done with: handled, duplicate, ignored or parked.",
      labelNames: ["type", "result"],
      registers,
    });
    this.eventLag = new Histogram({
      name: "event_lag_seconds",
      help: "From when something happened until it was handled here.",
      buckets: SLOW,
      registers,
    });
  }

  /** Lets the pool of connections be asked whenever the metrics are read. */
  watchPool(state: () => PoolState): void {
    this.#pool = state;
  }

  /** All of them in Prometheus' text format. */
  render(): Promise<string> {
    return this.registry.metrics();
  }

  #countConnections(): void {
    if (!this.#pool) return;
    const { inUse, idle } = this.#pool();
    this.poolConnections.set({ state: "in_use" }, inUse);
    this.poolConnections.set({ state: "idle" }, idle);
  }
}
