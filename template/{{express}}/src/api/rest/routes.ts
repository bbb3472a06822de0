/** Routes: each says what it takes and what it answers, by which requests are checked and the document is made. */

import type { IRouter, Request, Response } from "express";
import { z } from "zod";
import { InvalidToken } from "../../domain/errors.ts";
import type { User } from "../../domain/users.ts";
import type { Service } from "../../wiring.ts";
import { type Answer, send } from "./answers.ts";
import { readForm, readJson } from "./bodies.ts";
import type { Responses } from "./openapi.ts";
import { InvalidRequest, MethodNotAllowed, type WrongField } from "./problems.ts";

type Source = WrongField["in"];

const BEARER = /^bearer +(?<token>\S+)$/i;

/** What a route is for people, and in the document. */
interface Description {
  readonly method: "get" | "post" | "patch" | "delete";
  /** As OpenAPI writes it, such as `/v1/users/{user_id}`. */
  readonly path: string;
  readonly tag: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly responses: Responses;
}

/** What a route takes. Headers are named as OpenAPI writes them; at most one of `body` and `form` is given. */
interface Taken<Path, Query, Headers, Body, Form> {
  readonly params?: z.ZodType<Path>;
  readonly query?: z.ZodType<Query>;
  readonly headers?: z.ZodType<Headers>;
  readonly body?: z.ZodType<Body>;
  readonly form?: z.ZodType<Form>;
}

interface Input<Path, Query, Headers, Body, Form> {
  readonly params: Path;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly form: Form;
}

export interface Route extends Description {
  readonly isPublic: boolean;
  readonly taken: Readonly<Partial<Record<Source, z.ZodType>>>;
  answer(request: Request, response: Response, service: Service): Promise<Answer>;
}

/** A route for anybody. */
export function publicRoute<Path, Query, Headers, Body, Form>(
  definition: Description &
    Taken<Path, Query, Headers, Body, Form> & {
      handle(service: Service, input: Input<Path, Query, Headers, Body, Form>): Answer | Promise<Answer>;
    },
): Route {
  const taken = takenBy(definition);
  return {
    ...definition,
    isPublic: true,
    taken,
    answer: async (request, response, service) =>
      definition.handle(service, (await read(request, response, taken)) as Input<Path, Query, Headers, Body, Form>),
  };
}

/** A route for those who have signed in. */
export function route<Path, Query, Headers, Body, Form>(
  definition: Description &
    Taken<Path, Query, Headers, Body, Form> & {
      handle(service: Service, caller: User, input: Input<Path, Query, Headers, Body, Form>): Answer | Promise<Answer>;
    },
): Route {
  const taken = takenBy(definition);
  return {
    ...definition,
    isPublic: false,
    taken,
    answer: async (request, response, service) => {
      const caller = await service.sessions.authenticate(tokenOf(request));
      const input = (await read(request, response, taken)) as Input<Path, Query, Headers, Body, Form>;
      return definition.handle(service, caller, input);
    },
  };
}

/** Lets an application answer these routes. Where two paths match a request, the first one is taken. */
export function mount(app: IRouter, routes: readonly Route[], service: Service): void {
  for (const path of new Set(routes.map((each) => each.path))) {
    const methods = routes.filter((each) => each.path === path);
    const mounted = app.route(path.replaceAll("{", ":").replaceAll("}", ""));
    for (const each of methods) {
      mounted[each.method](async (request, response) => {
        send(response, await each.answer(request, response, service));
      });
    }
    const allowed = methods.map(({ method }) => method.toUpperCase()).sort();
    mounted.all(() => {
      throw new MethodNotAllowed(allowed);
    });
  }
}

function takenBy(definition: Taken<unknown, unknown, unknown, unknown, unknown>): Route["taken"] {
  const { params, query, headers, body, form } = definition;
  return {
    ...(params && { path: params }),
    ...(query && { query }),
    ...(headers && { header: headers }),
    ...(body && { body }),
    ...(form && { form }),
  };
}

/** Everything that a route takes, checked; all that is wrong is told at once. */
async function read(request: Request, response: Response, taken: Route["taken"]): Promise<unknown> {
  const wrong: WrongField[] = [];
  const check = (source: Source, value: unknown): unknown => {
    const schema = taken[source];
    if (!schema) return value;
    const { data, error } = schema.safeParse(value, { reportInput: true });
    if (error) wrong.push(...error.issues.flatMap((issue) => wrongFields(source, issue)));
    return data;
  };
  const input = {
    params: check("path", request.params),
    query: check("query", queryOf(request)),
    headers: check("header", headersOf(request, taken.header)),
    body: taken.body && check("body", await readJson(request, response)),
    form: taken.form && check("form", await readForm(request, response)),
  };
  if (wrong.length > 0) throw new InvalidRequest(wrong);
  return input;
}

function tokenOf(request: Request): string {
  const token = BEARER.exec(request.headers.authorization ?? "")?.groups?.["token"];
  if (token === undefined) throw new InvalidToken("An access token is needed, as `Authorization: Bearer …`.");
  return token;
}

/** Of parameters that are repeated the last one. */
function queryOf(request: Request): Record<string, string> {
  const begin = request.originalUrl.indexOf("?");
  return begin < 0 ? {} : Object.fromEntries(new URLSearchParams(request.originalUrl.slice(begin)));
}

function headersOf(request: Request, schema: z.ZodType | undefined): Record<string, string | undefined> {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return Object.fromEntries(names.map((name) => [name, request.get(name)]));
}

/** What is wrong, a field each: an unknown field is told by its own name. */
function wrongFields(source: Source, issue: z.core.$ZodIssue): WrongField[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [{ in: source, field: path.join("."), detail: inWords(issue) }];
  return issue.keys.map((key) => ({ in: source, field: [...path, key].join("."), detail: "is not a known field" }));
}

/** What is wrong with a value, without the value: it may be a secret. */
export function inWords(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small") return `must be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  if (issue.code === "invalid_value") return `must be ${issue.values.map((each) => JSON.stringify(each)).join(" or ")}`;
  if (issue.code !== "invalid_type") return issue.message;
  return issue.input === undefined ? "is missing" : `must be of the type ${issue.expected}`;
}
