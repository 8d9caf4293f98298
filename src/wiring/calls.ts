/** Makes what a telephone call passes through: routing, the front door, the ledger of webhooks, and the calls themselves. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { ownerOfMessage, tenantOfNumber, toldReason } from './call-data.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database, LaneName } from '../db/connect.ts';
import type { Audit } from '../features/audit/audit.ts';
import { type Calls, createCalls } from '../features/calls/calls.ts';
import { isFault } from '../features/calls/ended-reasons.ts';
import type { Credentials } from '../features/credentials/credentials.ts';
import type { WebhookSecrets } from '../features/credentials/webhook-secrets.ts';
import type { Effects } from '../features/effects/effects.ts';
import { createAskVapi } from '../features/inbound-calls/ask-vapi.ts';
import { createClaims } from '../features/inbound-calls/claims.ts';
import { ROUTE_REASONS, type RouteReason } from '../features/inbound-calls/contract.ts';
import { createTwilioDoor } from '../features/inbound-calls/door.ts';
import { createHowEnded } from '../features/inbound-calls/how-ended.ts';
import { createInboundCalls, whyNotAssistant } from '../features/inbound-calls/inbound-calls.ts';
import { createFollowing } from '../features/phone-numbers/following.ts';
import { createRouting, createRoutingTable, type RoutingTable } from '../features/phone-numbers/routing.ts';
import type { Routing, RoutingTest } from '../features/phone-numbers/routing-contract.ts';
import { testRouting } from '../features/phone-numbers/routing-test.ts';
import type { Calendars } from '../features/calendars/calendars.ts';
import type { Messaging } from '../features/messaging/messaging.ts';
import type { CircuitHistory } from '../features/system/circuit-history.ts';
import type { Events } from '../features/system/events.ts';
import { createSteadyNews } from '../features/system/steady-news.ts';
import { createAnswers } from '../features/webhook-inbox/answers.ts';
import { createInboxClock, type InboxClock } from '../features/webhook-inbox/clock.ts';
import { createProcessing } from '../features/webhook-inbox/processing.ts';
import { createSpool } from '../features/webhook-inbox/spool.ts';
import { createTokenBook } from '../features/webhook-inbox/token-book.ts';
import { toldApply } from '../features/webhook-inbox/told-apply.ts';
import { tracedApply } from '../features/webhook-inbox/traced-apply.ts';
import { twilioGate } from '../features/webhook-inbox/twilio-gate.ts';
import { vapiGate } from '../features/webhook-inbox/vapi-gate.ts';
import { createWebhookInbox, ownerByNumber } from '../features/webhook-inbox/webhook-inbox.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { TwilioRest } from '../providers/twilio/rest.ts';
import type { Vapi } from '../providers/vapi/vapi.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Tracer } from '../tracing.ts';
import { createAdditions } from './timeline.ts';
import { createToldDeps } from './told.ts';
import { createToolDeps } from './tools.ts';

export type CallDepsOptions = {
  config: Config;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  tracer?: Tracer | undefined;
  db: Database;
  audit: Audit;
  credentials: Pick<Credentials, 'forTenant'>;
  webhookSecrets: Pick<WebhookSecrets, 'findTenant' | 'live'>;
  effects: Effects;
  events: Pick<Events, 'publish' | 'publishToOperators'>;
  guard: Pick<Guard, 'circuits'>;
  vapi: Vapi;
  twilio: TwilioRest;
  messaging: Pick<Messaging, 'sendCallSummary'>;
  circuitHistory: Pick<CircuitHistory, 'during'>;
  calendars: Pick<Calendars, 'busy' | 'book' | 'connections' | 'isStub'>;
};

export type CallDeps = ReturnType<typeof createCallDeps>;

/** So many webhooks in line for the disk are a burst: more than gather there for the next group in any flow. */
const BUSY_WAITING = 50;

export function createCallDeps(options: CallDepsOptions) {
  const { config, clock, log, metrics, db, effects, vapi, twilio } = options;
  const publicUrl = config.publicUrl.replace(/(?<!\/)\/+$/, '');
  const webhooks = `${publicUrl}/webhooks/twilio`;
  const place = { webhooks, fallbackUrl: config.fallbackUrl, vapiBaseUrl: config.vapiBaseUrl };
  const { vapiOf, twilioOf } = credentialsOf(options);
  // Whatever a call on the line needs, it must not wait behind what people ask for.
  const onTheLine = credentialsOf(options, 'call');

  const table = createRoutingTable({ db, clock, log, file: path.join(config.dataDir, 'routing.json') });
  const routing = createRouting({
    ...{ db, clock, log, audit: options.audit, table, twilio, credentialOf: twilioOf, place },
    isStub: config.stubMode,
    onChange: (tenantId, sid) => options.events.publish(tenantId, { type: 'number', id: sid }),
  });

  const following = createFollowing({ db, clock, log, audit: options.audit, vapi, table, vapiOf });

  const calls = createCalls({
    db,
    clock,
    publish: (tenantId, id) => options.events.publish(tenantId, { type: 'call', id }),
    afterCall: (trx, tenantId, ended) => told.plan(trx, tenantId, ended),
    additions: createAdditions(options),
  });
  const told = createToldDeps({
    ...{ config, clock, log, metrics, db, effects, twilio, twilioOf, publicUrl, calls },
    messaging: options.messaging,
    ownNumbers: async (tenantId) => ownNumbersIn(table, tenantId),
  });
  // However many webhooks come, the ledger's page is told now and then: it asks again, and shows them all.
  const ledgerChanged = createSteadyNews(clock, () => options.events.publishToOperators({ type: 'webhook' }));
  const ledgerNews = () => ledgerChanged('ledger');
  const isIngestBusy = () => inbox.waiting() > BUSY_WAITING;
  const processing = createProcessing({
    db,
    clock,
    log,
    apply: toldApply(tracedApply(options.tracer, calls.takeMessages), ledgerNews),
    isIngestBusy,
  });
  const inboxClock: InboxClock = createInboxClock({ db, clock, log, processing });
  const inbox = createWebhookInbox({
    db,
    clock,
    metrics,
    onKept: (tenantIds) => inboxClock.wake(tenantIds),
    onChange: ledgerNews,
    ownerOf: (event) => ownerByNumber(db, event),
  });
  const spool = createSpool({ dir: path.join(config.dataDir, 'spool'), name: randomUUID });

  const inbound = createInboundCalls({
    clock,
    log,
    metrics,
    routing: table,
    webhooks,
    askVapi: createAskVapi({
      vapi,
      vapiBaseUrl: config.vapiBaseUrl,
      webhooks,
      credentialOf: onTheLine.vapiOf,
      twilioOf: onTheLine.twilioOf,
      clock,
    }),
    claims: createClaims({ effects, clock, log }),
    howEnded: createHowEnded({
      clock,
      vapi,
      credentialOf: onTheLine.vapiOf,
      isFault,
      toldReason: (...of) => toldReason(db, ...of),
    }),
  });
  const tools = createToolDeps({
    clock,
    table,
    log,
    effects,
    calls,
    twilio,
    twilioOf: onTheLine.twilioOf,
    webhooks,
    calendars: options.calendars,
  });
  const door = createTwilioDoor({
    clock,
    log,
    routing: table,
    inbox,
    spool,
    tenantOfNumber: (...of) => tenantOfNumber(db, ...of),
  });
  const tokens = createTokenBook({
    db,
    clock,
    environment: environmentOf(config),
    tokenOf: async (tenantId, accountSid) => {
      const credential = await onTheLine.twilioOf(tenantId);
      return credential?.accountSid === accountSid ? credential.authToken : undefined;
    },
  });

  return {
    routing,
    following,
    routingTable: table,
    ownNumbers: (tenantId: string) => ownNumbersIn(table, tenantId),
    twilioOf,
    testRouting: (tenantId: string, of: Routing) => testNow(options, { tenantId, routing: of, webhooks }),
    calls,
    told,
    place,
    vapiOf,
    isVapiOpen: (tenantId: string) => isVapiOpen(options, tenantId),
    inbox,
    inboxClock,
    /** Brings calls that were noted on the local disk to the ledger. */
    async drainSpool(): Promise<void> {
      await spool
        .drain((event) => inbox.keep(event))
        .catch((error: unknown) => log.debug({ err: error }, 'Calls noted on the local disk stay there for now'));
    },
    inbound,
    door,
    twilioGate: twilioGate({ publicUrl, tokens }),
    vapiGate: vapiGate({
      clock,
      findTenant: (token) => options.webhookSecrets.findTenant(token, 'vapi'),
      secretsOf: (tenantId) => options.webhookSecrets.live(tenantId, 'vapi'),
    }),
    vapiAnswers: createAnswers({
      findRouting: (id, number) =>
        (id === null ? undefined : table.findByVapiId(id)) ??
        (number === undefined ? undefined : table.find(number, undefined)),
      useTool: tools.use,
    }),
    ownerOfMessage: (of: { assistantId: string | null; phoneNumberId: string | null }) => ownerOfMessage(db, table, of),
    open: () => table.start(),
    close: () => table.stop(),
  };
}

export type { Calls };

function credentialsOf({ credentials }: Pick<CallDepsOptions, 'credentials'>, lane?: LaneName) {
  return {
    async vapiOf(tenantId: string) {
      const found = await credentials.forTenant(tenantId, 'vapi', lane);
      return found && { key: found.fingerprint, tenant: tenantId, apiKey: found.apiKey };
    },
    async twilioOf(tenantId: string) {
      const found = await credentials.forTenant(tenantId, 'twilio', lane);
      return (
        found && { key: found.fingerprint, tenant: tenantId, accountSid: found.accountSid, authToken: found.authToken }
      );
    },
  };
}

function ownNumbersIn(table: RoutingTable, tenantId: string): string[] {
  return table.all().flatMap((one) => (one.tenantId === tenantId ? [one.phoneNumber] : []));
}

function environmentOf({ twilioAccountSid, twilioAuthToken }: Config) {
  if (twilioAccountSid === undefined || twilioAuthToken === undefined) return undefined;
  return { accountSid: twilioAccountSid, authToken: twilioAuthToken };
}

type NowOptions = { tenantId: string; routing: Routing; webhooks: string };

async function testNow(options: CallDepsOptions, { tenantId, routing, webhooks }: NowOptions): Promise<RoutingTest> {
  const now = options.clock.now();
  const reason = await obstacleTo(options, tenantId, routing, now);
  const verdict = (code: RouteReason) => ({ reason: code, why: ROUTE_REASONS[code] });
  const obstacle = reason === undefined ? undefined : verdict(reason);
  return testRouting({ routing, now, webhooks, obstacle, ready: verdict('assistant_ready') });
}

async function obstacleTo(
  options: CallDepsOptions,
  tenantId: string,
  routing: Routing,
  now: Date,
): Promise<RouteReason | undefined> {
  const { assistant_id: assistantId, mode } = routing;
  const why = whyNotAssistant({ assistantId, mode, plan: routing }, now);
  if (why !== undefined) return why;
  if ((await options.credentials.forTenant(tenantId, 'vapi')) === undefined) return 'vapi_not_configured';
  return isVapiOpen(options, tenantId) ? 'circuit_open' : undefined;
}

function isVapiOpen({ guard }: Pick<CallDepsOptions, 'guard'>, tenantId: string): boolean {
  const names = ['vapi', `vapi/${tenantId}`];
  return guard.circuits().some((one) => names.includes(one.circuit) && one.state !== 'closed');
}
