/**
 * The private scope: who asks, may they, and how often. A hook of the scope, so a new room cannot forget it;
 * a route that does not say which role it needs does not start.
 */
import type { FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import { fail } from '../errors.ts';
import { type Caller, mayAccess } from './caller.ts';
import { limitRequest, type RouteLimits } from './limits.ts';
import { headerValues } from './raw-headers.ts';

export type Authenticate = (token: string) => Caller | Promise<Caller>;

export function guardPrivateScope(app: App, deps: { authenticate: Authenticate; limits: RouteLimits }): void {
  app.decorateRequest('caller', null as unknown as Caller);

  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say which role it needs`);
  });

  app.addHook('onRequest', async (request, reply) => {
    const known = callerOf(request, deps.authenticate);
    const caller = known instanceof Promise ? await known : known;
    if (caller instanceof Error) {
      await limitRequest(request, reply, deps.limits, `ip:${request.ip}`);
      throw caller;
    }
    request.caller = caller;
    request.work.tenant = caller.tenantId;
    request.work.user = caller.userId;
    request.synthetic = caller.synthetic;
    await limitRequest(request, reply, deps.limits, `user:${caller.userId}`);
    const access = request.routeOptions.config.access ?? 'operator';
    if (!mayAccess(caller, access))
      throw fail('forbidden', `This needs ${access === 'operator' ? 'an operator' : `the role ${access}`}.`);
  });
}

/** At once where the session is known: a wait for nothing costs as much as the look itself. */
function callerOf(request: FastifyRequest, authenticate: Authenticate): Caller | Error | Promise<Caller | Error> {
  const token = bearerToken(request);
  if (token === undefined) return fail('unauthenticated', NOT_SIGNED_IN);
  try {
    const known = authenticate(token);
    return known instanceof Promise ? known.catch(refusalOf) : known;
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'unauthenticated')
    return fail('unauthenticated', NOT_SIGNED_IN);
  throw error;
}

// One sentence for every reason: a refusal must not tell a guesser which part was wrong.
const NOT_SIGNED_IN = 'Sign in again: the access token is missing, expired or not valid.';

/** The one bearer token of the request, or undefined. */
export function bearerToken(request: FastifyRequest): string | undefined {
  // Node joins repeated Authorization headers by keeping the first; two of them are an attack, so look at the raw list.
  const given = headerValues(request.raw, 'authorization');
  if (given.length !== 1) return undefined;
  const match = /^Bearer ([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(given[0]!);
  return match?.[1];
}
