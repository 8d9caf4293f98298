/** Gives every request its correlation id, every response the header, and every finished request its log line. */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { Clock } from '../clock.ts';
import { enterContext, isCorrelationId, newCorrelationId, type WorkContext } from '../correlation.ts';
import { fail } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { writeRequestLine } from './request-line.ts';
import { workOf } from './trace-context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by trackRequests: what log lines of this request carry. */
    work: WorkContext;
    startedMs: number;
    /** Set by authentication for the verification's own traffic. */
    synthetic: boolean;
    /** Why a 5xx happened; set where the error became a reply. */
    faultOf: 'ava' | 'upstream' | undefined;
  }
}

/** In small letters, as it leaves: Fastify would make it so each time. */
export const CORRELATION_HEADER = 'x-correlation-id';
const CLOSED_BY_CLIENT = 499;
const refused = new WeakSet<IncomingMessage>();

/** The caller's own id where it is usable, else a new one. */
export function correlationIdOf(raw: IncomingMessage): string {
  const given = raw.headers['x-correlation-id'];
  if (isCorrelationId(given)) return given;
  if (given !== undefined) refused.add(raw);
  return newCorrelationId();
}

export function trackRequests(app: App, deps: { clock: Clock; log: Log; metrics: Metrics }): void {
  app.decorateRequest('work', null as unknown as WorkContext);
  app.decorateRequest('startedMs', 0);
  app.decorateRequest('synthetic', false);
  app.decorateRequest('faultOf', undefined);

  app.addHook('onRequest', (request, reply, done) => {
    request.startedMs = request.raw.arrivedMs ?? deps.clock.monotonicMs();
    request.work = workOf(request.raw, request.id);
    enterContext(request.work);
    reply.header(CORRELATION_HEADER, request.id);
    if (request.headers['x-correlation-id'] === undefined) deps.metrics.requestsWithoutCorrelationId.inc();
    if (refused.has(request.raw)) {
      deps.metrics.requestsWithoutCorrelationId.inc();
      deps.log.warn('X-Correlation-ID of the request was replaced: 1 to 128 of A-Z a-z 0-9 . _ : - are accepted');
    }
    // Who hung up before it had its turn: no hook for that will be called any more.
    if (request.raw.socket.destroyed) return abandon(request);
    done(isWhole(request.raw) ? undefined : fail('bad_request', 'The request needs HTTP/1.1 and a Host header.'));
  });

  app.addHook('onResponse', (request, reply, done) => {
    finish(request, reply, deps);
    done();
  });
  // A caller that hangs up before the answer leaves no response; its line is written all the same.
  const abandon = (request: FastifyRequest) =>
    writeLine(request, CLOSED_BY_CLIENT, deps.log, deps.clock.monotonicMs() - request.startedMs);
  app.addHook('onRequestAbort', (request, done) => {
    abandon(request);
    done();
  });
}

function isWhole(raw: IncomingMessage): boolean {
  return raw.httpVersionMajor >= 1 && (raw.headers.host !== undefined || raw.httpVersion === '1.0');
}

function finish(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: { clock: Clock; log: Log; metrics: Metrics },
): void {
  const status = reply.statusCode;
  const durationMs = deps.clock.monotonicMs() - request.startedMs;
  writeLine(request, status, deps.log, durationMs);
  const traffic = request.synthetic ? 'synthetic' : 'real';
  if (reply.getHeader(CORRELATION_HEADER) === undefined) deps.metrics.responsesWithoutCorrelationId.inc();
  deps.metrics.httpRequestDuration.observe(
    { method: request.method, route: request.routeOptions.url ?? 'unmatched', status, traffic },
    durationMs / 1000,
  );
  if (status >= 400 && !request.synthetic) {
    deps.metrics.httpErrors.inc({ cause: status < 500 ? 'client' : (request.faultOf ?? 'ava') });
  }
}

function writeLine(request: FastifyRequest, status: number, log: Log, durationMs: number): void {
  const { id, method, url, work, synthetic } = request;
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  const { tenant, user } = work ?? NOBODY;
  // The id is named: a response hook may run outside the request's async context.
  writeRequestLine(log, { correlationId: id, method, path, status, durationMs, tenant, user, synthetic });
}

const NOBODY = { tenant: undefined, user: undefined };
