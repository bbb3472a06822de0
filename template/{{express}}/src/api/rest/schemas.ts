/** What goes over the wire, as `contract/openapi.yaml` describes it. */

import { z } from "zod";
import type { Activity } from "../../domain/activity.ts";
import type { Page } from "../../domain/paging.ts";
import type { TokenPair } from "../../domain/sessions.ts";
import { ROLES, type User, type UserChanges } from "../../domain/users.ts";

// No look-around, \d or \w: Python, JavaScript, Go and Rust must read these patterns alike.
const EMAIL =
  "^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}" +
  "@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$";
const NAME = "^ *[^\\x00-\\x20\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$";

interface Limits {
  readonly minLength?: number;
  readonly maxLength: number;
  readonly pattern?: string;
  /** What is wrong with a text that the pattern does not match. */
  readonly otherwise?: string;
}

/** A text within limits. Its characters are counted, not the halves that some of them have in JavaScript. */
export function text({ minLength = 0, maxLength, pattern, otherwise = `does not match ${pattern}` }: Limits) {
  const matched = pattern === undefined ? undefined : new RegExp(pattern);
  return z
    .string()
    .superRefine((value, context) => {
      const length = Array.from(value).length;
      if (!value.isWellFormed()) context.addIssue("has half a character in it");
      else if (length < minLength) context.addIssue(`must have at least ${counted(minLength)}`);
      else if (length > maxLength) context.addIssue(`must have at most ${counted(maxLength)}`);
      else if (matched && !matched.test(value)) context.addIssue(otherwise);
    })
    .meta({ ...(minLength > 0 && { minLength }), maxLength, ...(pattern !== undefined && { pattern }) });
}

const time = z.string().meta({ format: "date-time" });
const id = text({ minLength: 1, maxLength: 64 });

export const email = text({ maxLength: 254, pattern: EMAIL, otherwise: "is not an e-mail address" });
const name = text({
  minLength: 1,
  maxLength: 100,
  pattern: NAME,
  otherwise: "is blank, or has control characters in it",
});
const password = text({ minLength: 12, maxLength: 128 });
const enteredPassword = text({ minLength: 1, maxLength: 128 });
const role = z.enum(ROLES);

export const cursor = text({ minLength: 1, maxLength: 200, pattern: "^[A-Za-z0-9_-]+$" });

/** How many items a page may have. */
export const limit = z.preprocess(numberOf, z.int().min(1).max(100)).default(50);

export const UserCreate = z.strictObject({ email, name, password, role: role.default("user") });

export const UserUpdate = z.strictObject({ email, name, password, current_password: enteredPassword, role }).partial();

export const UserResponse = z.strictObject({ id, email, name, role, created_at: time });

export const UserPage = z.strictObject({ items: z.array(UserResponse), next_cursor: cursor.nullable() });

export const ActivityResponse = z.strictObject({
  id: text({ minLength: 1, maxLength: 1000 }),
  type: z.enum(["user.created", "user.updated", "user.deleted", "session.started", "session.refused"]),
  user_id: id.nullable(),
  by: id.nullable(),
  time,
});

export const ActivityPage = z.strictObject({ items: z.array(ActivityResponse), next_cursor: cursor.nullable() });

export const SignInForm = z.object({
  grant_type: z.literal("password").default("password"),
  username: text({ minLength: 1, maxLength: 254 }),
  password: enteredPassword,
});

export const RefreshToken = z.strictObject({ refresh_token: text({ minLength: 1, maxLength: 512 }) });

export const TokenPairResponse = z.strictObject({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal("bearer"),
  expires_in: z.number().meta({ type: "integer", minimum: 1 }),
});

export const Liveness = z.strictObject({ status: z.literal("ok") });

export const DependencyHealth = z.strictObject({ status: z.enum(["up", "down"]), required: z.boolean() });

export const Readiness = z.strictObject({
  status: z.enum(["ready", "unavailable"]),
  dependencies: z.object({}).catchall(DependencyHealth),
});

export const FieldError = z.strictObject({
  in: z.enum(["body", "query", "path", "header", "form"]),
  field: z.string(),
  detail: z.string(),
});

/** The body of every answer that is an error. */
export const Problem = z.strictObject({
  type: z.string().meta({ format: "uri" }),
  title: z.string(),
  status: z.number().meta({ type: "integer", minimum: 400, maximum: 599 }),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(FieldError).optional(),
});

/** The schemas that have a name of their own in the OpenAPI document. */
export const NAMED: Readonly<Record<string, z.ZodType>> = {
  UserCreate,
  UserUpdate,
  UserResponse,
  UserPage,
  ActivityResponse,
  ActivityPage,
  SignInForm,
  RefreshToken,
  TokenPairResponse,
  Liveness,
  DependencyHealth,
  Readiness,
  FieldError,
  Problem,
};

export function changesOf({ current_password, ...others }: z.infer<typeof UserUpdate>): UserChanges {
  const given = Object.entries({ ...others, currentPassword: current_password });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

export function userResponse(user: User): z.infer<typeof UserResponse> {
  const { id, email, name, role, createdAt } = user;
  return { id, email, name, role, created_at: createdAt.toISOString() };
}

export function userPage({ items, nextCursor }: Page<User>): z.infer<typeof UserPage> {
  return { items: items.map(userResponse), next_cursor: nextCursor };
}

export function activityPage({ items, nextCursor }: Page<Activity>): z.infer<typeof ActivityPage> {
  return { items: items.map(activityResponse), next_cursor: nextCursor };
}

export function tokenPairResponse(pair: TokenPair): z.infer<typeof TokenPairResponse> {
  const { accessToken, refreshToken, expiresIn } = pair;
  return { access_token: accessToken, refresh_token: refreshToken, token_type: "bearer", expires_in: expiresIn };
}

function activityResponse({ id, type, userId, by, time }: Activity): z.infer<typeof ActivityResponse> {
  return { id, type: type as z.infer<typeof ActivityResponse>["type"], user_id: userId, by, time: time.toISOString() };
}

/** The number that a parameter writes; what writes none stays as it is. */
function numberOf(written: unknown): unknown {
  return typeof written === "string" && /^-?[0-9]{1,15}$/.test(written) ? Number(written) : written;
}

function counted(characters: number): string {
  return characters === 1 ? "1 character" : `${characters} characters`;
}
