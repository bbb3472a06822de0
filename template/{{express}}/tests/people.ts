/** Those who call the service in the tests. */

import type { TokenPair } from "../src/domain/sessions.ts";
import type { Role, User } from "../src/domain/users.ts";
import type { Service } from "../src/wiring.ts";

export const PASSWORD = "correct horse battery staple";

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object as JSON; a text or bytes as they are. */
  readonly body?: object | string | Uint8Array;
  readonly form?: Readonly<Record<string, string>>;
}

/** Calls the service over HTTP. */
export class Caller {
  readonly #url: string;
  readonly #accessToken: string | undefined;

  constructor(url: string, accessToken?: string) {
    this.#url = url;
    this.#accessToken = accessToken;
  }

  with(accessToken: string): Caller {
    return new Caller(this.#url, accessToken);
  }

  send(method: string, path: string, { headers = {}, body, form }: Sent = {}): Promise<Response> {
    const isJson = body !== undefined && typeof body === "object" && !(body instanceof Uint8Array);
    return fetch(this.#url + path, {
      method,
      headers: {
        ...(this.#accessToken !== undefined && { Authorization: `Bearer ${this.#accessToken}` }),
        ...(isJson && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: form ? new URLSearchParams(form) : isJson ? JSON.stringify(body) : ((body as string | undefined) ?? null),
    });
  }

  get(path: string, sent?: Sent): Promise<Response> {
    return this.send("GET", path, sent);
  }

  post(path: string, sent?: Sent): Promise<Response> {
    return this.send("POST", path, sent);
  }
}

/** A user who has signed in. */
export interface Person {
  readonly user: User;
  readonly tokens: TokenPair;
  readonly path: string;
  /** Sends their access token. */
  readonly http: Caller;
}

export async function newPerson(service: Service, anyone: Caller, name: string, role: Role = "user"): Promise<Person> {
  const user = await service.users.add({ email: `${name}@example.org`, name, password: PASSWORD, role });
  const tokens = await service.sessions.signIn(user.email, PASSWORD);
  return { user, tokens, path: `/v1/users/${user.id}`, http: anyone.with(tokens.accessToken) };
}
