/** The open doors of operation: alive, may take traffic, metrics. Never limited, never behind sign-in. */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { App } from '../../http/app-type.ts';
import { problemSchema } from '../../http/shapes.ts';
import type { Metrics } from '../../metrics.ts';
import { healthSchema, readinessSchema } from './contract.ts';
import type { Lifecycle } from './lifecycle.ts';

export type HealthDeps = {
  release: { version: string; commit: string; startedAt: Date };
  lifecycle: Lifecycle;
  db: Database;
  metrics: Metrics;
  metricsToken: string | undefined;
  /** Brings gauges up to date before they are read. */
  refreshGauges: () => Promise<void>;
};

export function healthRoutes(app: App, deps: HealthDeps): void {
  healthz(app, deps);
  readyz(app, deps);
  metricsPage(app, deps);
}

function healthz(app: App, { release }: HealthDeps): void {
  const schema = { tags: ['system'], summary: 'Alive, and which version', response: { 200: healthSchema } };
  app.get('/healthz', { schema }, async () => ({
    status: 'ok' as const,
    version: release.version,
    commit: release.commit,
    started_at: release.startedAt.toISOString(),
  }));
}

function readyz(app: App, { lifecycle, db, metrics }: HealthDeps): void {
  const tags = ['system'];
  const response = { 200: readinessSchema, 503: readinessSchema };
  const answer = async (reply: FastifyReply, isEnoughWithoutDatabase: boolean) => {
    const stage = lifecycle.stage();
    if (stage !== 'ready') return reply.code(503).header('Retry-After', '2').send({ status: stage });
    const database = await db.ready();
    metrics.databaseUp.set(database.isReady ? 1 : 0);
    if (database.isReady) return reply.send({ status: 'ready' });
    const status = 'database_unavailable';
    return isEnoughWithoutDatabase
      ? reply.send({ status })
      : reply.code(503).header('Retry-After', '2').send({ status });
  };
  app.get('/readyz', { schema: { tags, summary: 'May take traffic', response } }, (_, reply) => answer(reply, false));
  // Where every replica would leave with the one database, nobody would answer a ringing call.
  const summary = 'May take ringing calls, also without the database; for platforms with one health check';
  app.get('/readyz/calls', { schema: { tags, summary, response } }, (_, reply) => answer(reply, true));
}

function metricsPage(app: App, { metrics, metricsToken, refreshGauges }: HealthDeps): void {
  const schema = {
    tags: ['system'],
    summary: 'Metrics for Prometheus',
    response: { 200: z.string(), 401: problemSchema },
  };
  app.get('/metrics', { schema }, async (request, reply) => {
    if (metricsToken !== undefined && !isToken(request.headers.authorization, metricsToken)) {
      throw fail('unauthenticated', 'Send the METRICS_TOKEN as a bearer token.');
    }
    await refreshGauges();
    return reply
      .header('Content-Type', metrics.registry.contentType)
      .serializer(String)
      .send(await metrics.registry.metrics());
  });
}

function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
