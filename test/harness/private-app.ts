/** The private scope with the routes of one room, over real HTTP and a real database; whoever calls is `caller`. */
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/connect.ts';
import type { App } from '../../src/http/app-type.ts';
import type { Caller } from '../../src/http/caller.ts';
import { honourIdempotencyKeys } from '../../src/http/idempotency.ts';
import { guardPrivateScope } from '../../src/http/private-scope.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createMetrics, type Metrics } from '../../src/metrics.ts';
import { createMemoryRateLimiter } from '../../src/resilience/rate-limit.ts';

export type PrivateApp = {
  url: string;
  metrics: Metrics;
  /** A request with a token; the body is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
};

export type Answer = { status: number; headers: Headers; body: any };

export type PrivateAppOptions = {
  db: Database;
  caller: () => Caller;
  routes: (app: App) => void;
  /** Doors that are open to everybody, such as the way back from an OAuth provider. */
  publicRoutes?: (app: App) => void;
  clock?: Clock;
  perMinute?: number;
};

export async function startPrivateApp(options: PrivateAppOptions): Promise<PrivateApp> {
  const { clock = systemClock, perMinute = 1000, db } = options;
  const metrics = createMetrics();
  const log = pino({ level: 'error' });
  const app = await createHttpServer({ clock, log, metrics, trustProxy: [], corsOrigins: [], production: false });
  if (options.publicRoutes) await app.register(async (scope) => options.publicRoutes?.(scope));
  await app.register(
    async (scope) => {
      const limits = { limiter: createMemoryRateLimiter({ clock }), perMinute, clock, metrics };
      guardPrivateScope(scope, { authenticate: options.caller, limits });
      honourIdempotencyKeys(scope, { db, clock });
      options.routes(scope);
    },
    { prefix: '/api/v1' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return { url, metrics, call: (...given) => call(url, ...given), close: () => app.close() };
}

async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: { authorization: 'Bearer any', ...(body === undefined ? {} : JSON_TYPE), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

const JSON_TYPE = { 'content-type': 'application/json' };
