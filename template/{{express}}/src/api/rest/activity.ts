/** What happened: who was created, changed, deleted, signed in or refused. */

import { z } from "zod";
import { FORBIDDEN, UNAUTHORIZED, UNPROCESSABLE } from "./openapi.ts";
import { route } from "./routes.ts";
import { ActivityPage, activityPage, cursor, limit, text } from "./schemas.ts";

export const activityRoutes = [
  route({
    method: "get",
    path: "/v1/activity",
    tag: "activity",
    operationId: "listActivity",
    summary: "List what happened, newest first",
    description:
      "For admins; for users about themselves. It is made from events, and follows what happens by a moment.",
    query: z.object({
      user: text({ minLength: 1, maxLength: 64 })
        .optional()
        .meta({ description: "Only what is about the user with this id." }),
      limit,
      cursor: cursor.optional().meta({ description: "The `next_cursor` of an earlier page." }),
    }),
    responses: {
      200: { description: "A page of what happened.", schema: ActivityPage },
      ...UNAUTHORIZED,
      ...FORBIDDEN,
      ...UNPROCESSABLE,
    },
    async handle({ activity }, caller, { query }) {
      return { body: activityPage(await activity.page(caller, query.user, query.cursor, query.limit)) };
    },
  }),
];
