/**
 * The private scope: who asks, may they, and how often. A hook of the scope, so a new room cannot forget it;
 * a route that does not say which role it needs does not start.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import { fail } from '../errors.ts';
import { type Caller, mayAccess } from './caller.ts';
import { limitRequest, type RouteLimits } from './limits.ts';
import { headerValues } from './raw-headers.ts';

export type Authenticate = (token: string) => Caller | Promise<Caller>;

export function guardPrivateScope(app: App, deps: Guard): void {
  app.decorateRequest('caller', null as unknown as Caller);

  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say which role it needs`);
  });

  app.addHook('onRequest', (request, reply, done) => {
    // Nothing is waited for where nothing has to be: a wait for nothing costs as much as the look itself.
    const step = admit(request, reply, deps);
    if (step instanceof Promise) return step;
    done(step);
  });
}

type Guard = { authenticate: Authenticate; limits: RouteLimits };

/** The reason why this request may not go on, or undefined; rejects with it where it had to wait. */
function admit(request: FastifyRequest, reply: FastifyReply, guard: Guard): Error | undefined | Promise<void> {
  try {
    const known = callerOf(request, guard.authenticate);
    if (known instanceof Promise) return known.then((caller) => count(caller, request, reply, guard.limits));
    const counted = count(known, request, reply, guard.limits);
    return counted instanceof Promise ? counted : undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Counts the request for whoever asks, and throws unless they may. */
function count(
  caller: Caller | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: RouteLimits,
): void | Promise<void> {
  if (!(caller instanceof Error)) note(request, caller);
  const who = caller instanceof Error ? `ip:${request.ip}` : `user:${caller.userId}`;
  const counted = limitRequest(request, reply, limits, who);
  return counted instanceof Promise ? counted.then(() => mustAccess(caller, request)) : mustAccess(caller, request);
}

function note(request: FastifyRequest, caller: Caller): void {
  request.caller = caller;
  request.work.tenant = caller.tenantId;
  request.work.user = caller.userId;
  request.synthetic = caller.synthetic;
}

function mustAccess(caller: Caller | Error, request: FastifyRequest): void {
  if (caller instanceof Error) throw caller;
  const access = request.routeOptions.config.access ?? 'operator';
  if (mayAccess(caller, access)) return;
  throw fail('forbidden', `This needs ${access === 'operator' ? 'an operator' : `the role ${access}`}.`);
}

/** At once where the session is known. */
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

const SCHEME = /^Bearer ./i;
const SCHEME_LENGTH = 'Bearer '.length;

/** The one bearer token of the request, or undefined. */
export function bearerToken(request: FastifyRequest): string | undefined {
  // Node joins repeated Authorization headers by keeping the first; two of them are an attack, so look at the raw list.
  const given = headerValues(request.raw, 'authorization');
  if (given.length !== 1 || !SCHEME.test(given[0]!)) return undefined;
  // Which characters it has is not looked at: it counts only where it is, byte for byte, one that AVA has made.
  return given[0]!.slice(SCHEME_LENGTH);
}
