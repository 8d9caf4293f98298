/** Doors for people who are not signed in yet, or no more. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fail, PublicError } from '../../errors.ts';
import type { App } from '../../http/app-type.ts';
import { openCookieScope } from '../../http/cookies.ts';
import { limitRequest, type RouteLimits } from '../../http/limits.ts';
import { bearerToken } from '../../http/private-scope.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { Accounts } from './accounts.ts';
import { loginBodySchema, logoutBodySchema, refreshBodySchema, sessionSchema } from './contract.ts';
import type { Refreshable } from './session-parts.ts';
import { sessionWire } from './session-wire.ts';

export type SignInDoors = {
  accounts: Accounts;
  limits: RouteLimits;
  /** Decides whether the cookie is kept from plain http. */
  publicUrl: string;
};

export function signInRoutes(app: App, deps: SignInDoors): void {
  openCookieScope(app, (scope) => {
    logIn(scope, deps);
    refresh(scope, deps);
    logOut(scope, deps);
  });
}

const COOKIE = 'ava_refresh';
const COOKIE_PATH = '/api/v1/auth';

function logIn(app: App, deps: SignInDoors): void {
  app.route({
    method: 'POST',
    url: '/auth/login',
    config: { limitGroup: 'login' },
    schema: {
      tags: ['auth'],
      summary: 'Sign in by e-mail and password',
      body: loginBodySchema,
      response: { 200: sessionSchema, ...REFUSALS },
    },
    onRequest: async (request, reply) => limitRequest(request, reply, deps.limits, `ip:${request.ip}`),
    handler: async (request, reply) => {
      const { email, password, tenant_id: tenantId, token_delivery: delivery } = request.body;
      const refreshToken = request.cookies[COOKIE];
      const signedIn = await deps.accounts.sessions.signIn({
        email,
        password,
        tenantId,
        refreshToken,
        address: request.ip,
      });
      return answer(reply, deps, signedIn, delivery ?? 'cookie');
    },
  });
}

function refresh(app: App, deps: SignInDoors): void {
  app.route({
    method: 'POST',
    url: '/auth/refresh',
    config: { limitGroup: 'refresh' },
    schema: {
      tags: ['auth'],
      summary: 'A new access token for a refresh token, which is used up by it',
      body: refreshBodySchema,
      response: { 200: sessionSchema, ...REFUSALS },
    },
    handler: async (request, reply) => {
      const given = request.body?.refresh_token;
      const token = given ?? request.cookies[COOKIE];
      const sessionId = token === undefined ? undefined : deps.accounts.sessions.claimedBy(token);
      // Many people sit behind one address, and every tab refreshes: only who has no token of ours counts by address.
      const who = sessionId === undefined ? `ip:${request.ip}` : `session:${sessionId}`;
      await limitRequest(request, reply, deps.limits, who);
      if (token === undefined) throw fail('unauthenticated', 'Sign in again: there is no refresh token.');
      try {
        const signedIn = await deps.accounts.sessions.refresh(token, request.body?.tenant_id);
        return await answer(reply, deps, signedIn, given === undefined ? 'cookie' : 'body');
      } catch (error) {
        if (given === undefined && error instanceof PublicError && error.status === 401) clearCookie(reply, deps);
        throw error;
      }
    },
  });
}

function logOut(app: App, deps: SignInDoors): void {
  app.route({
    method: 'POST',
    url: '/auth/logout',
    config: { limitGroup: 'logout' },
    schema: {
      tags: ['auth'],
      summary: 'End the session, here and on every replica',
      body: logoutBodySchema,
      response: { 204: z.null(), ...REFUSALS },
    },
    onRequest: async (request, reply) => limitRequest(request, reply, deps.limits, `ip:${request.ip}`),
    handler: async (request, reply) => {
      const refreshToken = request.body?.refresh_token ?? request.cookies[COOKIE];
      const caller = await callerOf(request, deps.accounts);
      await deps.accounts.sessions.signOut({ refreshToken, caller });
      clearCookie(reply, deps);
      return reply.code(204).send(null);
    },
  });
}

// An access token that no longer counts has nothing left to end.
async function callerOf(request: FastifyRequest, accounts: Accounts) {
  const token = bearerToken(request);
  if (token === undefined) return undefined;
  try {
    return await accounts.authenticate(token);
  } catch (error) {
    if (error instanceof PublicError && error.status === 401) return undefined;
    throw error;
  }
}

function answer(reply: FastifyReply, deps: SignInDoors, signedIn: Refreshable, delivery: 'cookie' | 'body') {
  reply.header('Cache-Control', 'no-store');
  if (delivery === 'body') return reply.send(sessionWire(signedIn, signedIn.refreshToken));
  reply.setCookie(COOKIE, signedIn.refreshToken, { ...cookieOptions(deps), expires: signedIn.refreshExpiresAt });
  return reply.send(sessionWire(signedIn));
}

function clearCookie(reply: FastifyReply, deps: SignInDoors): void {
  reply.clearCookie(COOKIE, cookieOptions(deps));
}

function cookieOptions({ publicUrl }: SignInDoors) {
  const secure = publicUrl.startsWith('https:');
  return { path: COOKIE_PATH, httpOnly: true, sameSite: 'strict', secure } as const;
}
