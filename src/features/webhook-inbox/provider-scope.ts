/**
 * The scope of vendors' webhooks: raw bodies, so that signatures can be checked; no rate limits, since nothing may refuse
 * a ring; and an error handler of its own. Who has not proved who they are gets a status and nothing else.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../http/app-type.ts';
import { fail, PublicError } from '../../errors.ts';
import { deeperThan } from '../../http/json-body.ts';
import { sendProblem } from '../../http/problem.ts';
import { publicErrorOf } from '../../http/upstream-problem.ts';
import type { Log } from '../../log.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came. */
    rawBody: Buffer;
    /** Set once the sender has proved who it is. */
    isVerified: boolean;
    /** Parameters of a verified webhook of Twilio. */
    twilio: Record<string, string>;
    /** The tenant whose secret a verified webhook of Vapi carried. */
    vapiTenant: string;
  }
  interface FastifyContextConfig {
    /** Answers the caller when anything throws after verification: the caller hears a voice, not an error. */
    failover?: (request: FastifyRequest, error: unknown) => string;
  }
}

/** Vapi's reports reach some megabytes. */
const BODY_LIMIT_BYTES = 5 * 1024 * 1024;
const MAX_DEPTH = 64;
const NO_BODY = Buffer.alloc(0);

export function openProviderScope(app: App, { log }: { log: Log }): void {
  app.decorateRequest('rawBody', null as unknown as Buffer);
  app.decorateRequest('isVerified', false);
  app.decorateRequest('twilio', null as unknown as Record<string, string>);
  app.decorateRequest('vapiTenant', '');

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES }, (request, body, done) => {
    request.rawBody = body as Buffer;
    done(null, null);
  });
  app.addHook('onRequest', (request, _reply, done) => {
    request.rawBody = NO_BODY;
    done();
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log));
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const failover = request.routeOptions.config.failover;
  if (request.isVerified && failover !== undefined) {
    reply.code(200).type('text/xml; charset=utf-8');
    return reply.send(failover(request, error));
  }
  const known = error instanceof PublicError ? error : (publicErrorOf(error) ?? readable(error));
  if (known === undefined) log.error({ err: error }, 'A webhook could not be taken');
  return sendProblem(request, reply, known ?? fail('internal', 'AVA could not take this webhook.'));
}

function readable(error: unknown): PublicError | undefined {
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return fail('payload_too_large', 'The body is larger than this address accepts.');
  if (statusCode !== undefined && statusCode < 500) return fail('bad_request', 'The request could not be read.');
  return undefined;
}

/** The one answer to a sender that has not proved who it is. */
export function refuseSender(): PublicError {
  return fail('forbidden', 'The signature of this webhook is missing or wrong.');
}

/** The JSON body of a verified webhook. Throws `malformed_json`. */
export function jsonBody(request: FastifyRequest): unknown {
  const text = request.rawBody.toString('utf8');
  if (deeperThan(text, MAX_DEPTH))
    throw fail('malformed_json', `The body is nested more than ${MAX_DEPTH} levels deep.`);
  try {
    // Looking at every member costs, so only where there is something to find.
    return text.includes('__proto__') ? JSON.parse(text, withoutPrototypes) : JSON.parse(text);
  } catch (error) {
    throw fail('malformed_json', 'The body is not valid JSON.', { cause: error });
  }
}

function withoutPrototypes(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
