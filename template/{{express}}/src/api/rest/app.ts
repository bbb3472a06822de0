/** The HTTP application. */

import express, { type Express } from "express";
import { NotFound } from "../../domain/errors.ts";
import type { Service } from "../../wiring.ts";
import { activityRoutes } from "./activity.ts";
import { authRoutes } from "./auth.ts";
import { documentationRoutes } from "./documentation.ts";
import { aroundRequests } from "./middleware.ts";
import { operationsRoutes } from "./operations.ts";
import { onError } from "./problems.ts";
import { mount, type Route } from "./routes.ts";
import { userRoutes } from "./users.ts";

/** All routes that the document describes. */
export const ROUTES: readonly Route[] = [...authRoutes, ...userRoutes, ...activityRoutes, ...operationsRoutes];

export function createApp(service: Service): Express {
  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.use(aroundRequests(service.metrics));
  mount(app, [...ROUTES, ...documentationRoutes(ROUTES)], service);
  app.use(() => {
    throw new NotFound("Not Found");
  });
  app.use(onError);
  return app;
}
