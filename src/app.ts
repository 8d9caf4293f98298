/** LIST: every HTTP door, in three scopes: public, provider, private. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Deps } from './deps.ts';
import { alertRoutes } from './features/alerts/routes.ts';
import { releaseRoutes } from './features/releases/routes.ts';
import { calendarCallbackRoute, calendarRoutes } from './features/calendars/routes.ts';
import { moreCallRoutes } from './features/calls/more-routes.ts';
import { callRoutes } from './features/calls/routes.ts';
import { twilioRoutes } from './features/inbound-calls/routes.ts';
import { numbersRoutes } from './features/phone-numbers/numbers-routes.ts';
import { routingRoutes } from './features/phone-numbers/routing-routes.ts';
import { openProviderScope } from './features/webhook-inbox/provider-scope.ts';
import { webhookInboxRoutes } from './features/webhook-inbox/routes.ts';
import { vapiRoutes } from './features/webhook-inbox/vapi-routes.ts';
import { messagingRoutes, sentMessageRoutes } from './features/messaging/routes.ts';
import { signInRoutes } from './features/accounts/public-routes.ts';
import { accountRoutes } from './features/accounts/routes.ts';
import { assistantToolRoutes } from './features/assistant-tools/routes.ts';
import { assistantRoutes } from './features/assistants/routes.ts';
import { auditRoutes } from './features/audit/routes.ts';
import { credentialTestRoutes } from './features/credentials/credential-test-routes.ts';
import { credentialRoutes } from './features/credentials/routes.ts';
import { webhookSecretRoutes } from './features/credentials/webhook-secret-routes.ts';
import { eventStreamRoute } from './features/system/event-stream.ts';
import { healthRoutes } from './features/system/health-routes.ts';
import { rehearsalRoutes } from './features/system/rehearsal.ts';
import { systemRoutes } from './features/system/routes.ts';
import { timelineRoutes } from './features/timeline/routes.ts';
import { vapiSettingsRoutes } from './features/vapi-settings/routes.ts';
import { serveApiDocs } from './http/api-docs.ts';
import type { App } from './http/app-type.ts';
import type { Actor } from './http/caller.ts';
import { honourIdempotencyKeys } from './http/idempotency.ts';
import { describeApi, serveOpenApi } from './http/openapi.ts';
import { createPacer, type Pacer } from './http/pacer.ts';
import { guardPrivateScope } from './http/private-scope.ts';
import { refuseUnstorable } from './http/storable.ts';
import { createHttpServer } from './http/server.ts';
import { serveDashboard } from './http/static-files.ts';
import { ROOT } from './root.ts';

export async function createApp(deps: Deps): Promise<App> {
  const { config } = deps;
  const pacer = createPacer({ ...deps, isUrgent });
  const app = await createHttpServer({
    ...deps,
    pacer,
    trustProxy: config.trustProxy,
    corsOrigins: config.corsOrigins,
    production: config.env === 'production',
  });
  // Between its parts the database is heard, which is asked meanwhile what this replica must know.
  await nextTurn();
  await describeApi(app, deps.release.version);
  closeConnectionsWhileDraining(app, deps);

  await nextTurn();
  await app.register(async (scope) => publicScope(scope, deps, pacer));
  await nextTurn();
  await app.register(async (scope) => providerScope(scope, deps), { prefix: '/webhooks' });
  await nextTurn();
  await app.register(async (scope) => privateScope(scope, deps, pacer), { prefix: '/api/v1' });
  return app;
}

/** Vendors and balancers wait for nobody; whatever else is asked takes turns. */
const isUrgent = (url: string) => URGENT.some((start) => url.startsWith(start));
const URGENT = ['/webhooks/', '/healthz', '/readyz', '/metrics'];

/** Open to everybody. */
async function publicScope(app: App, deps: Deps, pacer: Pacer): Promise<void> {
  refuseUnstorable(app);
  healthRoutes(app, { ...deps, metricsToken: deps.config.metricsToken });
  serveOpenApi(app);
  serveApiDocs(app);
  const limits = { ...deps, perMinute: deps.config.rateLimitPerMinute };
  const { accounts, config } = deps;
  calendarCallbackRoute(app, { ...deps, publicUrl: config.publicUrl });
  await app.register(
    async (scope) => {
      pacer.pace(scope);
      signInRoutes(scope, { accounts, limits, publicUrl: config.publicUrl });
    },
    { prefix: '/api/v1' },
  );
  serveDashboard(app, { folder: path.join(ROOT, 'dist/web') });
}

/** Vendors' webhooks: proved by signature, never limited, and past the line of the others. */
async function providerScope(app: App, deps: Deps): Promise<void> {
  openProviderScope(app, deps);
  twilioRoutes(app, { inbound: deps.inbound, door: deps.door, gate: deps.twilioGate });
  vapiRoutes(app, { ...deps, answers: deps.vapiAnswers, gate: deps.vapiGate, ownerOf: deps.ownerOfMessage });
}

/** People and programs with an access token. */
async function privateScope(app: App, deps: Deps, pacer: Pacer): Promise<void> {
  pacer.pace(app);
  guardPrivateScope(app, {
    authenticate: deps.accounts.authenticate,
    limits: { ...deps, perMinute: deps.config.rateLimitPerMinute },
  });
  refuseUnstorable(app);
  honourIdempotencyKeys(app, deps);
  eventStreamRoute(app, deps);
  systemRoutes(app, { ...deps, info: systemInfoOf(deps), record: (...change) => recordChange(deps, ...change) });
  accountRoutes(app, deps);
  credentialRoutes(app, deps);
  credentialTestRoutes(app, deps);
  webhookSecretRoutes(app, deps);
  auditRoutes(app, deps);
  vapiSettingsRoutes(app, deps);
  assistantRoutes(app, deps);
  assistantToolRoutes(app, deps);
  messagingRoutes(app, { ...deps, record: (...change) => recordChange(deps, ...change) });
  sentMessageRoutes(app, deps);
  alertRoutes(app, deps);
  releaseRoutes(app, { ...deps, record: (...change) => recordChange(deps, ...change) });
  calendarRoutes(app, { ...deps, publicUrl: deps.config.publicUrl });
  numbersRoutes(app, deps);
  routingRoutes(app, { routing: deps.routing, test: deps.testRouting });
  moreCallRoutes(app, { ...deps, rules: deps.callRules });
  callRoutes(app, deps);
  timelineRoutes(app, deps);
  webhookInboxRoutes(app, deps);
  const { simulatorUrl } = deps.config;
  if (simulatorUrl !== undefined) rehearsalRoutes(app, { http: deps.http, url: simulatorUrl });
}

function systemInfoOf({ config, release }: Deps) {
  return {
    version: release.version,
    commit: release.commit,
    env: config.env,
    stub_mode: config.stubMode,
    demo: config.simulatorUrl !== undefined,
    public_url: config.publicUrl,
    support: { slack: config.supportSlack ?? null, email: config.supportEmail ?? null },
  };
}

async function recordChange(
  { db, audit }: Deps,
  actor: Actor,
  action: string,
  subject: string,
  details: object,
): Promise<void> {
  const { tenantId } = actor;
  await db.asTenant(tenantId, (trx) =>
    audit.record(trx, { tenantId, actor, action, subject, details: { ...details } }),
  );
}

function closeConnectionsWhileDraining(app: App, { lifecycle, clock }: Deps): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // Who came before does not count: balancers are given longer than the quiet that is waited for.
    if (lifecycle.stage() === 'draining' && !WATCHERS.has(request.routeOptions.url ?? ''))
      lifecycle.heard(clock.monotonicMs());
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (lifecycle.stage() === 'draining') reply.header('Connection', 'close');
    done(null, payload);
  });
}

/** Who asks these goes on asking a replica that no balancer sends anything to. */
const WATCHERS = new Set(['/readyz', '/readyz/calls', '/healthz', '/metrics']);
