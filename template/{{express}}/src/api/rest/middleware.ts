/** Goes around every request: request id, trace context, log line and metrics. */

import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import { log, withLogFields } from "../../platform/logs.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { round } from "../../platform/statements.ts";
import * as traceContext from "../../platform/trace-context.ts";

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Asked every few seconds; logged at the level `debug`. */
const FOR_MACHINES: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);

/** Which the metrics tell apart: of those that callers can invent there is no end. */
const METHODS: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);

interface Begun {
  readonly requestId: string;
  /** By the clock of `performance`. */
  readonly started: number;
}

export function aroundRequests(metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const begun = { requestId: requestIdOf(request), started: performance.now() };
    response.setHeader("X-Request-ID", begun.requestId);
    response.once("close", () => record(metrics, request, response, begun));
    withLogFields({ request_id: begun.requestId }, () => traceContext.bound(request.headers["traceparent"], next));
  };
}

function requestIdOf(request: Request): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID().replaceAll("-", "");
}

function record(metrics: Metrics, request: Request, response: Response, { requestId, started }: Begun): void {
  const { method, path } = request;
  const milliseconds = performance.now() - started;
  const status = response.headersSent ? response.statusCode : 0; // There is none if the caller has hung up.
  const route = routeOf(request);
  const labels = { method: METHODS.has(method) ? method : "other", route };
  metrics.requests.inc({ ...labels, status: String(status) });
  metrics.requestDuration.observe(labels, milliseconds / 1_000);
  // Without the query, which may hold what is nobody's business.
  const fields = { request_id: requestId, method, path, status, duration_ms: round(milliseconds) };
  if (FOR_MACHINES.has(route)) log.debug(fields, "request");
  else log.info(fields, "request");
}

/** The path with its parameters' names, as OpenAPI writes it: never the path itself, of which there is no end. */
function routeOf(request: Request): string {
  const { path } = (request.route ?? {}) as { path?: string };
  return path?.replace(/:(\w+)/g, "{$1}") ?? "unknown";
}
