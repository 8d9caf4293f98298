/** The bare HTTP server: limits, time-outs, turns, security headers, ids and error replies, before any door is opened. */
import { createServer, type RequestListener, type Server } from 'node:http';
import fastifyCors from '@fastify/cors';
import Fastify, { type FastifyServerOptions, type RawServerDefault } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { Clock } from '../clock.ts';
import type { App } from './app-type.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { answerClientErrors } from './client-errors.ts';
import { correlationIdOf, trackRequests } from './correlation.ts';
import { parseJsonStrictly } from './json-body.ts';
import { sendSecurityHeaders } from './security-headers.ts';
import type { Pacer } from './pacer.ts';
import { answerFrameworkErrors, replyWithProblems } from './problem.ts';
import { traceRequests } from './request-spans.ts';
import { keepFrozenAnswers } from './serializer.ts';
import type { Tracer } from '../tracing.ts';

export type HttpOptions = {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  trustProxy: string[];
  corsOrigins: string[];
  production: boolean;
  /** Only where traces are sent somewhere. */
  tracer?: Tracer | undefined;
  /** Who has their requests wait for their turns; left out, none does. */
  pacer?: Pick<Pacer, 'inFrontOf'> | undefined;
};

const BODY_LIMIT_BYTES = 256 * 1024;
/** Until all of a request must be there, its headers first; looked after every second. */
const REQUEST_MS = 15_000;
const HEADERS_MS = 10_000;
const LOOK_MS = 1_000;
/** So long an answer may lie unread without a byte of progress; Node.js waits twice where it wrote some of it meanwhile. */
const UNREAD_MS = 12_000;

export async function createHttpServer(options: HttpOptions): Promise<App> {
  const app: App = Fastify<RawServerDefault>({
    logger: false,
    genReqId: correlationIdOf,
    trustProxy: options.trustProxy.length > 0 ? options.trustProxy : false,
    bodyLimit: BODY_LIMIT_BYTES,
    serverFactory: (begin) => listenWith(options.pacer?.inFrontOf(begin) ?? begin),
    forceCloseConnections: 'idle',
    // Draining is told by /readyz and `Connection: close`; requests that still arrive are served.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: answerClientErrors,
    schemaController: { compilersFactory: COMPILERS },
    frameworkErrors: answerFrameworkErrors,
  });

  trackRequests(app, options);
  if (options.tracer) traceRequests(app, options.tracer);
  sendSecurityHeaders(app, options);
  cutSlowReaders(app);
  replyWithProblems(app, options);
  parseJsonStrictly(app);

  if (options.corsOrigins.length > 0) await allowOrigins(app, options.corsOrigins);
  return app;
}

function listenWith(listener: RequestListener): Server {
  const limits = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: LOOK_MS,
    keepAliveTimeout: 72_000,
  };
  // A request without Host is refused by trackRequests, with an id.
  return createServer({ ...limits, requireHostHeader: false }, listener);
}

/** Named when the server is made, so that Fastify's own compilers, which nothing uses, are not loaded. */
const COMPILERS = {
  buildValidator: () => validatorCompiler,
  buildSerializer: () => keepFrozenAnswers,
} as unknown as NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** Once an answer is read, Node.js sets the connection's own limit again. */
function cutSlowReaders(app: App): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    request.raw.socket.setTimeout(UNREAD_MS);
    done(null, payload);
  });
}

async function allowOrigins(app: App, origins: string[]): Promise<void> {
  await app.register(fastifyCors, {
    origin: origins,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'If-Match', 'Idempotency-Key', 'X-Correlation-ID'],
    exposedHeaders: [
      'X-Correlation-ID',
      'ETag',
      'Retry-After',
      'X-RateLimit-Limit',
      'X-RateLimit-Remaining',
      'X-RateLimit-Reset',
      'RateLimit',
      'RateLimit-Policy',
    ],
  });
}
