/** One span for each request, under the caller's own where there is one. Registered only where traces are sent. */
import type { FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { Span, Tracer } from '../tracing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | undefined;
  }
}

export function traceRequests(app: App, tracer: Tracer): void {
  app.decorateRequest('span', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'ava.correlation_id': request.id,
    };
    const order = { name: `${method} ${route}`, kind: 'server', attributes } as const;
    request.span = tracer.start(order, callersOwn(request));
    request.work.traceparent = request.span.traceparent;
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    endSpan(request, reply.statusCode);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    endSpan(request, 499);
    done();
  });
}

/** What AVA made up where the caller sent nothing usable is no parent: nobody would ever send that span. */
function callersOwn({ headers, work }: FastifyRequest): string | undefined {
  const given = headers['traceparent'];
  const { traceparent } = work;
  if (typeof given !== 'string' || traceparent === undefined) return undefined;
  return given.includes(traceparent.slice(3, 52)) ? traceparent : undefined;
}

function endSpan(request: FastifyRequest, status: number): void {
  const { span } = request;
  if (span === undefined) return;
  request.span = undefined;
  span.end({
    attributes: {
      'http.response.status_code': status,
      ...(request.work.tenant !== undefined && { 'ava.tenant': request.work.tenant }),
      ...(request.faultOf !== undefined && { 'ava.fault_of': request.faultOf }),
    },
    isError: status >= 500,
  });
}
