/** For the machinery around the service. Keep these away from the public. */

import { z } from "zod";
import { checkHealth } from "../../platform/health.ts";
import { publicRoute } from "./routes.ts";
import { Liveness, Readiness } from "./schemas.ts";

const tag = "operations";

export const operationsRoutes = [
  publicRoute({
    method: "get",
    path: "/livez",
    tag,
    operationId: "livez",
    summary: "Does the process live?",
    description: "Asks nothing else. If this fails, restart the process.",
    responses: { 200: { description: "It does.", schema: Liveness } },
    handle: () => ({ body: { status: "ok" } }),
  }),
  publicRoute({
    method: "get",
    path: "/readyz",
    tag,
    operationId: "readyz",
    summary: "Can it serve requests now?",
    description: "Asks every dependency. While this fails, send requests elsewhere.",
    responses: {
      200: { description: "Every dependency that is required is up.", schema: Readiness },
      503: { description: "One that is required is down.", schema: Readiness },
    },
    async handle(service) {
      const { isReady, dependencies } = await checkHealth(service.dependencies);
      const told = dependencies.map(({ dependency: { name, required }, isUp }) => [
        name,
        { status: isUp ? "up" : "down", required },
      ]);
      return {
        status: isReady ? 200 : 503,
        body: { status: isReady ? "ready" : "unavailable", dependencies: Object.fromEntries(told) },
      };
    },
  }),
  publicRoute({
    method: "get",
    path: "/metrics",
    tag,
    operationId: "metrics",
    summary: "Metrics for Prometheus",
    responses: { 200: { description: "In the text format of Prometheus.", schema: z.string(), type: "text/plain" } },
    async handle({ metrics }) {
      return { type: metrics.registry.contentType, body: await metrics.render() };
    },
  }),
];
