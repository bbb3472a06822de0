/** Signing in, staying signed in, signing out. */

import { UNAUTHORIZED, UNPROCESSABLE } from "./openapi.ts";
import { publicRoute } from "./routes.ts";
import { RefreshToken, SignInForm, TokenPairResponse, tokenPairResponse } from "./schemas.ts";

export const authRoutes = [
  publicRoute({
    method: "post",
    path: "/v1/auth/token",
    tag: "auth",
    operationId: "signIn",
    summary: "Sign in",
    description:
      "The OAuth 2 password form (RFC 6749, 4.3). An unknown account is answered exactly like a wrong password.",
    form: SignInForm,
    responses: { 200: { description: "Signed in.", schema: TokenPairResponse }, ...UNAUTHORIZED, ...UNPROCESSABLE },
    async handle(service, { form }) {
      return { body: tokenPairResponse(await service.sessions.signIn(form.username, form.password)) };
    },
  }),
  publicRoute({
    method: "post",
    path: "/v1/auth/refresh",
    tag: "auth",
    operationId: "refresh",
    summary: "Exchange a refresh token for the next pair",
    description: "The refresh token is used up. Using it again is taken for a theft, and ends the session.",
    body: RefreshToken,
    responses: { 200: { description: "The next pair.", schema: TokenPairResponse }, ...UNAUTHORIZED, ...UNPROCESSABLE },
    async handle(service, { body }) {
      return { body: tokenPairResponse(await service.sessions.refresh(body.refresh_token)) };
    },
  }),
  publicRoute({
    method: "post",
    path: "/v1/auth/logout",
    tag: "auth",
    operationId: "signOut",
    summary: "End a session",
    description: "A token that is no good any more is answered in the same way (RFC 7009).",
    body: RefreshToken,
    responses: { 204: { description: "Signed out." }, ...UNPROCESSABLE },
    async handle(service, { body }) {
      await service.sessions.signOut(body.refresh_token);
      return { status: 204 };
    },
  }),
];
