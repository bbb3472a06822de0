/** The smallest Express application that answers the same requests by the same queries: `node app.mjs`. */

import express from "express";
import { jwtVerify } from "jose";
import pino from "pino";
import { open } from "./database.mjs";

const { findUser, listUsers } = await open(process.env.DATABASE_URL);
const secret = new TextEncoder().encode(process.env.SECRET_KEY);
const log = pino();
const app = express();

app.use((request, response, next) => {
  const started = performance.now();
  response.on("finish", () => {
    const { method, path } = request;
    log.info({ method, path, status: response.statusCode, duration_ms: performance.now() - started }, "request");
  });
  next();
});

app.use(async (request, response, next) => {
  const { payload } = await jwtVerify(request.headers.authorization?.slice("Bearer ".length) ?? "", secret);
  const user = await findUser(payload.sub);
  if (user?.generation !== payload.gen) return response.sendStatus(401);
  response.locals.caller = user;
  next();
});

app.get("/v1/users/:id", async ({ params: { id } }, response) => {
  const { caller } = response.locals;
  response.json(answer(id === caller.id ? caller : await findUser(id)));
});

app.get("/v1/users", async (_request, response) => {
  response.json({ items: (await listUsers()).slice(0, 50).map(answer) });
});

function answer({ id, email, name, role, created_at }) {
  return { id, email, name, role, created_at };
}

app.listen(Number(process.env.PORT), "127.0.0.1");
