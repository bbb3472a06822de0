/** Makes the events that the use cases raise. */

import { randomUUID } from "node:crypto";
import { SOURCE } from "../about.ts";
import {
  type Event,
  SESSION_REFUSED,
  SESSION_STARTED,
  USER_CREATED,
  USER_DELETED,
  USER_UPDATED,
} from "../domain/events.ts";
import type { User } from "../domain/users.ts";
import * as traceContext from "../platform/trace-context.ts";
import type { Clock } from "../ports.ts";

export class Events {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param by The id of who did it; null for the service itself. */
  userCreated(user: User, by: string | null): Event {
    return this.#event(USER_CREATED, user.id, { by, ...known(user) }, user.createdAt);
  }

  /** @param changed The fields that were named. */
  userUpdated(user: User, changed: Iterable<string>, by: string): Event {
    return this.#event(USER_UPDATED, user.id, { by, changed: [...changed].sort(), ...known(user) });
  }

  userDeleted(user: User, by: string): Event {
    return this.#event(USER_DELETED, user.id, { by });
  }

  sessionStarted(user: User): Event {
    return this.#event(SESSION_STARTED, user.id, { by: user.id });
  }

  /** Without what was entered as the name: people enter their password there. */
  sessionRefused(user: User | null): Event {
    return this.#event(SESSION_REFUSED, user?.id ?? "", { by: null });
  }

  #event(type: string, subject: string, data: Event["data"], time = this.#clock.now()): Event {
    return {
      source: SOURCE,
      id: randomUUID(),
      type,
      subject,
      time,
      data: { user_id: subject || null, ...data },
      trace: traceContext.current(),
    };
  }
}

function known({ email, name, role }: User) {
  return { email, name, role };
}
