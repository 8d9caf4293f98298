/** Makes everything once, in order, and takes it down in the reverse one. */
import { randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import { systemClock } from './clock.ts';
import { currentContext } from './correlation.ts';
import { createAfterCallDeps } from './wiring/after-call.ts';
import { createCallDeps } from './wiring/calls.ts';
import type { Database } from './db/connect.ts';
import { createReassertLater } from './features/assistants/jobs.ts';
import { MIGRATIONS } from './db/migrations/index.ts';
import { countMonthsMissing } from './db/month-upkeep.ts';
import { createReplicaBeat } from './db/replicas.ts';
import { createCalendarApis } from './features/calendars/apis.ts';
import { createCalendars } from './features/calendars/calendars.ts';
import { createReads } from './features/calls/reads.ts';
import { createReleases } from './features/releases/releases.ts';
import { createSyntheticTenants } from './features/releases/synthetic.ts';
import { settingsWithSynthetic } from './features/releases/synthetic-settings.ts';
import { createMessaging } from './features/messaging/messaging.ts';
import { createSentMessages } from './features/messaging/sent-messages.ts';
import { createAlertDesk } from './features/alerts/alert-desk.ts';
import { createAlerter } from './features/alerts/alerts.ts';
import { createSenders } from './features/alerts/channels.ts';
import { createTeller } from './features/alerts/teller.ts';
import { createAccounts } from './features/accounts/accounts.ts';
import { createFirstTenant, createVapiAccess, createWebhookTargets } from './features/assistants/access.ts';
import { createEquipment } from './features/assistant-tools/equipment.ts';
import { createAssistants } from './features/assistants/assistants.ts';
import { createSecretCarrier } from './features/assistants/carry-secret.ts';
import { createAudit } from './features/audit/audit.ts';
import { createCredentials } from './features/credentials/credentials.ts';
import { createCredentialTester } from './features/credentials/credential-test.ts';
import { createInstallationKey } from './features/credentials/installation-keys.ts';
import { settleSecretKey } from './features/credentials/rotation.ts';
import { createVault } from './features/credentials/vault.ts';
import { createWebhookSecrets } from './features/credentials/webhook-secrets.ts';
import { createEffects } from './features/effects/effects.ts';
import { createTimeline } from './features/timeline/timeline.ts';
import { createNumberImport } from './features/phone-numbers/number-import.ts';
import { createNumbers } from './features/phone-numbers/numbers.ts';
import { createSteadyNews } from './features/system/steady-news.ts';
import { createCircuitHistory } from './features/system/circuit-history.ts';
import { createCircuitDesk, gaugeCircuits } from './features/system/circuits.ts';
import { createProber } from './features/system/probing.ts';
import { createSlowGauges } from './features/system/gauges.ts';
import { createLifecycle } from './features/system/lifecycle.ts';
import { createDrift } from './features/vapi-settings/drift.ts';
import { createHistory } from './features/vapi-settings/history.ts';
import { createSettings } from './features/vapi-settings/settings.ts';
import { readValues } from './features/vapi-settings/values.ts';
import { createGuardDeps } from './wiring/guard.ts';
import { createLiveUpdates } from './wiring/live-updates.ts';
import type { Log } from './log.ts';
import { createJobs } from './jobs/jobs.ts';
import { DEAD_LETTERS } from './jobs/queues.ts';
import { createMetrics } from './metrics.ts';
import { createClientObserver, createObserver } from './observe.ts';
import { readRelease } from './release.ts';
import { probesOf } from './wiring/probe.ts';
import { createMailer } from './providers/email/mailer.ts';
import { createGuardedHttp, type GuardedHttpOptions } from './providers/http.ts';
import { createClientCache } from './providers/twilio/clients.ts';
import { createTwilioRest } from './providers/twilio/rest.ts';
import { createVapi } from './providers/vapi/vapi.ts';
import { createMemoryRateLimiter } from './resilience/rate-limit.ts';
import { createRedisRateLimiter } from './resilience/rate-limit-redis.ts';
import { QUEUES } from './queues.ts';
import { tracerOf } from './wiring/tracing.ts';

export type DepsOptions = {
  config: Config & { secretKey: string };
  log: Log;
  databaseUrl: string;
  /** Lanes on it; who opened them closes them, after these parts. */
  db: Database;
  /** Until this resolves nothing is asked of the database; where it rejects, nothing is opened. */
  schemaChecked?: Promise<void>;
  /** How vendors are dialled, where it is not the usual way. */
  agentOptions?: GuardedHttpOptions['agentOptions'];
};

export type Deps = Awaited<ReturnType<typeof createDeps>>;

/** Asks nothing of the database and tells nobody anything before `open()`. */
export async function createDeps({ config, log, db, databaseUrl, agentOptions, ...given }: DepsOptions) {
  const clock = systemClock;
  const release = readRelease(clock.now());
  const metrics = createMetrics();
  metrics.buildInfo.set({ version: release.version, commit: release.commit }, 1);
  metrics.stubMode.set({ env: config.env }, config.stubMode ? 1 : 0);
  const lifecycle = createLifecycle();
  const tracer = await tracerOf({ config, release, log });
  const emit = createObserver({ log, metrics });

  const secrets = { secretKey: config.secretKey, secretKeyPrevious: config.secretKeyPrevious };
  const vault = createVault(secrets);
  const auditKey = createInstallationKey({ db, vault }, 'audit');
  const audit = createAudit({ db, clock, log, key: auditKey });
  const accounts = createAccounts({ db, clock, log, audit, secrets });
  const credentials = createCredentials({ db, clock, audit, vault, secrets, environment: environmentOf(config) });
  const webhookSecrets = createWebhookSecrets({ db, clock, audit, vault });
  const events = createLiveUpdates({ db, clock, log });

  const circuitChanged = (tenantId: string | null) => events.publish(tenantId, { type: 'circuit_breaker' });
  const circuitHistory = createCircuitHistory({ db, clock, log, onChange: circuitChanged });
  const guarded = await createGuardDeps({ config, clock, emit: circuitHistory.noting(emit), log, metrics, tracer });
  const { guard, redis } = guarded;
  const traceparent = tracer && (() => currentContext()?.traceparent);
  const http = createGuardedHttp({ guard, clock, emit, agentOptions, traceparent });
  const vapi = createVapi({ http, baseUrl: config.vapiBaseUrl });
  const onLookUp = createClientObserver({ log, metrics });
  const twilioClients = createClientCache({ baseUrl: config.twilioBaseUrl, onLookUp });
  const twilio = createTwilioRest({ http, clients: twilioClients, baseUrl: config.twilioBaseUrl });
  const jobs = createJobs({
    url: databaseUrl,
    queues: QUEUES,
    tracer,
    onFact: (fact) => {
      if (fact.type === 'jobs_unavailable') log.warn({ error: fact.error }, 'The job queue cannot be reached');
      else if (fact.outcome !== 'done') log.error({ ...fact, err: fact.error }, `Job ${fact.queue} failed`);
    },
  });
  const vapiAccess = createVapiAccess({ db, credentials });
  const webhookTargets = createWebhookTargets({ clock, webhookSecrets, publicUrl: config.publicUrl });
  const assistantDeps = {
    ...{ db, clock, emit, vapi, audit, vault, readValues },
    access: vapiAccess,
    target: webhookTargets.of,
    reassertLater: createReassertLater({ jobs, log }),
    followers: {
      follow: (trx, move) => telephone.following.follow(trx, move),
      followed: (move) => telephone.following.followed(move),
    },
    onMismatch: (fact) => log.warn(fact, 'Vapi took a change and shows another value'),
    onChange: (tenantId, id) => events.publish(tenantId, { type: 'setting', id }),
    onSeen: createSteadyNews(clock, (tenantId) => events.publish(tenantId, { type: 'assistant' })),
  } satisfies Omit<Parameters<typeof createAssistants>[0], 'isStub'>;
  const assistants = createAssistants({ ...assistantDeps, isStub: config.stubMode });
  const inventedAssistants = createAssistants({ ...assistantDeps, isStub: true });
  credentials.onChange(assistants.forget);
  const carrySecret = createSecretCarrier({
    ...{ log, assistants, forget: webhookTargets.forget },
    reassertLater: async (tenantId) =>
      void (await jobs.put('assistants.reassert', { tenantId }, { singletonKey: tenantId }).catch(() => {})),
  });
  const credentialTester = createCredentialTester({ credentials, vapi, twilio, isStub: config.stubMode });
  const syntheticTenants = createSyntheticTenants({ db, clock, users: accounts.users });
  const inventedSettings = createSettings({ assistants: inventedAssistants });
  const settings = settingsWithSynthetic(createSettings({ assistants }), inventedSettings, syntheticTenants.has);
  const settingHistory = createHistory({ assistants, settings });
  const settingDrift = createDrift({ assistants, settings });
  const limiter =
    redis === undefined
      ? createMemoryRateLimiter({ clock })
      : createRedisRateLimiter({ redis, clock, emit, replicas: config.replicas });
  const circuits = createCircuitDesk({ guard, clock });
  const prober = createProber({ guard, probes: probesOf({ credentials, vapi, twilio }) });
  const effects = createEffects({ db, clock });
  const mailer = await createMailer({ config, guard, http });
  const messaging = createMessaging({ config, mailer, effects });
  const calendars = createCalendars({
    ...{ db, clock, vault, audit, config },
    publicUrl: config.publicUrl,
    apis: createCalendarApis(config, http),
  });

  const telephone = createCallDeps({
    ...{ config, clock, log, metrics, db, audit, credentials, webhookSecrets, effects, events, guard, vapi, twilio },
    ...{ messaging, calendars, circuitHistory, tracer },
  });
  const afterCall = createAfterCallDeps({
    ...{ config, clock, log, metrics, db, audit, credentials, webhookSecrets, effects, events, guard, vapi, twilio },
    ...{ messaging, calendars, circuitHistory, telephone, http, twilioClients },
    adoptAssistants: (tenantId) => assistants.list(tenantId),
  });

  const isFirstTenant = createFirstTenant(db);
  const numbers = createNumbers({
    ...{ db, clock, twilio, routing: telephone.routing, credentialOf: telephone.twilioOf, isStub: config.stubMode },
    seesAll: async (tenantId) =>
      (await credentials.forTenant(tenantId, 'twilio'))?.source === 'tenant' || isFirstTenant(tenantId),
    importNumber: createNumberImport({
      ...{ db, clock, log, audit, vapi, twilio, assistants, access: vapiAccess },
      ...{ routing: telephone.routing, table: telephone.routingTable },
    }),
  });

  const slowGauges = createSlowGauges(clock, SLOW_GAUGES_MS, [
    async () => metrics.monthsMissing.set(await countMonthsMissing(db.lane('job').system)),
    async () => {
      const deadWebhooks = await telephone.inbox.refreshGauges();
      metrics.deadLetters.set(deadWebhooks + ((await jobs.depths())[DEAD_LETTERS]?.ready ?? 0));
    },
  ]);
  const refreshGauges = async () => {
    gaugeCircuits(guard, metrics);
    await slowGauges();
  };
  const senders = createSenders({ config, http, mailer });
  const teller = createTeller({ db, clock, metrics, senders, publicUrl: config.publicUrl });
  const alerter = createAlerter({
    ...{ db, clock, log, metrics, teller, refreshGauges },
    replica: randomUUID(),
    onChange: () => events.publish(null, { type: 'alert' }),
  });
  const alertDesk = createAlertDesk({ db, clock, teller, audit });
  const releaseChanged = () => events.publish(null, { type: 'release' });
  const releases = createReleases({ db, clock, audit, onChange: releaseChanged, announce: teller.announce });

  const replicaBeat = createReplicaBeat({ db, release, knows: Object.keys(MIGRATIONS) });
  const stopFollowing: (() => Promise<void>)[] = [];

  return {
    config,
    clock,
    log,
    release,
    metrics,
    tracer,
    lifecycle,
    db,
    vault,
    audit,
    accounts,
    credentials,
    webhookSecrets,
    carrySecret,
    credentialTester,
    events,
    vapi,
    twilio,
    jobs,
    assistants,
    equipment: createEquipment({ assistants }),
    settings,
    settingHistory,
    settingDrift,
    guard,
    http,
    emit,
    limiter,
    circuits,
    circuitHistory,
    prober,
    effects,
    messaging,
    sentMessages: createSentMessages({ db }),
    reads: createReads({ db }),
    calendars,
    numbers,
    timeline: createTimeline({ db, calls: telephone.calls }),
    ...telephone,
    ...afterCall,
    refreshGauges,
    alerter,
    alertDesk,
    releases,
    syntheticTenants,
    replicaBeat,
    /** Learns what the fleet and the database know, and follows their changes; until then nothing is sealed or told. */
    async open() {
      await Promise.all([given.schemaChecked, guarded.join()]);
      const follow = async (following: Promise<() => Promise<void>>) => void stopFollowing.push(await following);
      await Promise.all([
        settleSecretKey({ db, vault, log, keys: [auditKey] }),
        telephone.open(),
        ...[accounts.follow(), credentials.follow(), assistants.listen(), inventedAssistants.listen()].map(follow),
      ]);
    },
    async close() {
      await mailer?.close();
      for (const stop of stopFollowing) await stop();
      await telephone.close();
      await http.close();
      guarded.close();
      await tracer?.close();
    },
  };
}

function environmentOf({ vapiApiKey, twilioAccountSid, twilioAuthToken }: Config) {
  const isTwilioSet = twilioAccountSid !== undefined && twilioAuthToken !== undefined;
  const twilio = isTwilioSet ? { accountSid: twilioAccountSid, authToken: twilioAuthToken } : undefined;
  return { vapiApiKey, twilio };
}

/** How often gauges that cost a query are looked at. */
const SLOW_GAUGES_MS = 15_000;
