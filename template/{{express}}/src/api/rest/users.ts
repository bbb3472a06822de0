/** The people who may sign in. */

import { z } from "zod";
import type { User } from "../../domain/users.ts";
import type { Answer } from "./answers.ts";
import { etag, versionsOf } from "./etags.ts";
import { CONFLICT, ETAG, FORBIDDEN, LOCATION, NOT_FOUND, STALE, UNAUTHORIZED, UNPROCESSABLE } from "./openapi.ts";
import { route } from "./routes.ts";
import {
  changesOf,
  cursor,
  limit,
  text,
  UserCreate,
  UserPage,
  UserResponse,
  UserUpdate,
  userPage,
  userResponse,
} from "./schemas.ts";

const tag = "users";

const params = z.object({
  user_id: z.string().meta({ description: "One that was never given to anybody is answered like one that is gone." }),
});

const ifMatch = z.object({
  "If-Match": z
    .string()
    .optional()
    .meta({ description: "The `ETag` of the version that the caller knows, a list of them, or `*`." }),
});

const idempotencyKey = z.object({
  "Idempotency-Key": text({
    minLength: 1,
    maxLength: 255,
    pattern: "^[!-~]+$",
    otherwise: "must be of printable ASCII characters, without blanks",
  })
    .optional()
    .meta({ description: "A name for this request, so that it can be repeated when its answer got lost." }),
});

const user = { description: "The user.", headers: ETAG, schema: UserResponse };

export const userRoutes = [
  route({
    method: "get",
    path: "/v1/users",
    tag,
    operationId: "listUsers",
    summary: "List users, newest first",
    description: "For admins. Read on with `cursor`, until `next_cursor` is null.",
    query: z.object({
      limit,
      cursor: cursor.optional().meta({ description: "The `next_cursor` of an earlier page." }),
    }),
    responses: {
      200: { description: "A page of users.", schema: UserPage },
      ...UNAUTHORIZED,
      ...FORBIDDEN,
      ...UNPROCESSABLE,
    },
    async handle({ users }, caller, { query }) {
      return { body: userPage(await users.page(caller, query.cursor, query.limit)) };
    },
  }),
  route({
    method: "post",
    path: "/v1/users",
    tag,
    operationId: "createUser",
    summary: "Create a user",
    description: "For admins.",
    headers: idempotencyKey,
    body: UserCreate,
    responses: {
      201: { ...user, headers: { ...LOCATION, ...ETAG } },
      ...UNAUTHORIZED,
      ...FORBIDDEN,
      ...CONFLICT,
      ...UNPROCESSABLE,
    },
    async handle({ users }, caller, { body, headers }) {
      const created = await users.create(caller, body, headers["Idempotency-Key"]);
      return answerOf(created, { status: 201, headers: { Location: `/v1/users/${created.id}` } });
    },
  }),
  // Before `/v1/users/{user_id}`, which would match it too.
  route({
    method: "get",
    path: "/v1/users/me",
    tag,
    operationId: "getMe",
    summary: "Read oneself",
    responses: { 200: user, ...UNAUTHORIZED },
    handle: (_service, caller) => answerOf(caller),
  }),
  route({
    method: "get",
    path: "/v1/users/{user_id}",
    tag,
    operationId: "getUser",
    summary: "Read a user",
    description: "For admins, and for the user.",
    params,
    responses: { 200: user, ...UNAUTHORIZED, ...FORBIDDEN, ...NOT_FOUND },
    handle: async ({ users }, caller, { params }) => answerOf(await users.get(caller, params.user_id)),
  }),
  route({
    method: "patch",
    path: "/v1/users/{user_id}",
    tag,
    operationId: "updateUser",
    summary: "Change a user",
    description: "For admins, and for the user. Fields that are left out stay as they are.",
    params,
    headers: ifMatch,
    body: UserUpdate,
    responses: {
      200: user,
      ...UNAUTHORIZED,
      ...FORBIDDEN,
      ...NOT_FOUND,
      ...CONFLICT,
      ...STALE,
      ...UNPROCESSABLE,
    },
    async handle({ users }, caller, { params, headers, body }) {
      return answerOf(await users.update(caller, params.user_id, changesOf(body), versionsOf(headers["If-Match"])));
    },
  }),
  route({
    method: "delete",
    path: "/v1/users/{user_id}",
    tag,
    operationId: "deleteUser",
    summary: "Delete a user",
    description: "For admins, and for the user.",
    params,
    headers: ifMatch,
    responses: { 204: { description: "Deleted." }, ...UNAUTHORIZED, ...FORBIDDEN, ...NOT_FOUND, ...STALE },
    async handle({ users }, caller, { params, headers }) {
      await users.delete(caller, params.user_id, versionsOf(headers["If-Match"]));
      return { status: 204 };
    },
  }),
];

function answerOf(found: User, { status = 200, headers = {} }: Answer = {}): Answer {
  return { status, headers: { ...headers, ETag: etag(found.version) }, body: userResponse(found) };
}
