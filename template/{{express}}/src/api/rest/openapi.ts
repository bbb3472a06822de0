/**
 * The OpenAPI document, made from the routes and their schemas.
 *
 * The document is exact: what is not described in it does not happen.
 */

import { z } from "zod";
import { DESCRIPTION, TITLE, VERSION } from "../../about.ts";
import { PROBLEM_JSON } from "./problems.ts";
import type { Route } from "./routes.ts";
import { NAMED, Problem } from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

export interface ResponseDescription {
  readonly description: string;
  readonly headers?: Json;
  readonly schema?: z.ZodType;
  readonly type?: string;
}

/** By their status. */
export type Responses = Readonly<Record<number, ResponseDescription>>;

const OAUTH2 = "OAuth2PasswordBearer";
const PLACES = ["path", "query", "header"] as const;

export const ETAG = { ETag: header("Names this version of the user, for `If-Match`.") };
export const LOCATION = { Location: header("Where the user can be found.") };

export const UNAUTHORIZED = problem(
  401,
  "Not signed in: `wrong-credentials` for a name or password that is wrong, `invalid-token` for a token that is " +
    "missing, forged, expired, used up or revoked.",
  { "WWW-Authenticate": header("`Bearer`, with what is wrong with the token.") },
);
export const FORBIDDEN = problem(403, "`forbidden`: the caller may not do this.");
export const NOT_FOUND = problem(404, "`not-found`: there is no such user, or no longer.");
export const CONFLICT = problem(409, "`email-taken`: another user has this e-mail address.");
export const STALE = problem(412, "`stale`: the user has changed since the version that `If-Match` names.");
export const UNPROCESSABLE = problem(
  422,
  "`validation`: something about the request is wrong, and `errors` says what and where. `key-reused`: the " +
    "idempotency key came with another body before.",
);

/** The document of these routes. */
export function documentOf(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const each of routes) {
    paths[each.path] = { ...paths[each.path], [each.method]: operationOf(each) };
  }
  return {
    openapi: "3.1.0",
    info: { title: TITLE, description: DESCRIPTION, version: VERSION },
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        [OAUTH2]: { type: "oauth2", flows: { password: { tokenUrl: "/v1/auth/token", scopes: {} } } },
      },
    },
  };
}

function operationOf({ tag, operationId, summary, description, isPublic, taken, responses }: Route): Json {
  const parameters = PLACES.flatMap((place) => parametersOf(place, taken[place]));
  return {
    tags: [tag],
    operationId,
    summary,
    ...(description !== undefined && { description }),
    ...(!isPublic && { security: [{ [OAUTH2]: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(taken.body && { requestBody: bodyOf("application/json", taken.body) }),
    ...(taken.form && { requestBody: bodyOf("application/x-www-form-urlencoded", taken.form) }),
    responses: Object.fromEntries(Object.entries(responses).map(([status, each]) => [status, responseOf(each)])),
  };
}

function parametersOf(place: string, schema: z.ZodType | undefined): Json[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...others } = jsonSchema(field);
    const leftOut = field.safeParse(undefined);
    return {
      name,
      in: place,
      ...(!leftOut.success && { required: true }),
      ...(description !== undefined && { description }),
      schema: { ...others, ...(leftOut.data !== undefined && { default: leftOut.data }) },
    };
  });
}

function bodyOf(type: string, schema: z.ZodType): Json {
  return { required: true, content: { [type]: { schema: referenceTo(schema) } } };
}

function responseOf({ description, headers, schema, type = "application/json" }: ResponseDescription): Json {
  const content = schema && { content: { [type]: { schema: referenceTo(schema) } } };
  return { description, ...(headers && { headers }), ...content };
}

function referenceTo(schema: z.ZodType): Json {
  const found = Object.entries(NAMED).find(([, named]) => named === schema);
  return found ? { $ref: referenceOf(found[0]) } : jsonSchema(schema);
}

function referenceOf(name: string): string {
  return `#/components/schemas/${name}`;
}

function namedSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: "input", uri: referenceOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}

function jsonSchema(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}

function header(description: string): Json {
  return { description, required: true, schema: { type: "string" } };
}

function problem(status: number, description: string, headers?: Json): Responses {
  return { [status]: { description, schema: Problem, type: PROBLEM_JSON, ...(headers && { headers }) } };
}
