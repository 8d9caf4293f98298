/** Who is told when something breaks, with real channels, a real database, and a clock that is turned by hand. */
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { createAlertDesk } from '../../src/features/alerts/alert-desk.ts';
import { type Alerter, createAlerter } from '../../src/features/alerts/alerts.ts';
import { createSenders } from '../../src/features/alerts/channels.ts';
import { alertRoutes } from '../../src/features/alerts/routes.ts';
import { createTeller, type Teller } from '../../src/features/alerts/teller.ts';
import { gaugeCircuits } from '../../src/features/system/circuits.ts';
import { createMetrics, type Metrics } from '../../src/metrics.ts';
import { createSmtpMailer } from '../../src/providers/email/smtp.ts';
import { failureTables } from '../../src/providers/failure-tables.ts';
import { createGuardedHttp } from '../../src/providers/http.ts';
import { createGuard, type Guard } from '../../src/resilience/guard.ts';
import { defaultGuardSettings } from '../../src/resilience/guard-settings.ts';
import { UpstreamError } from '../../src/resilience/upstream-error.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createTestDatabase } from './database.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';
import { startPrivateApp, type PrivateApp } from './private-app.ts';
import { makeCaller } from './tenant.ts';

export type Fleet = {
  clock: HandClock;
  metrics: Metrics;
  guard: Guard;
  alerter: Alerter;
  teller: Teller;
  app: PrivateApp;
};
type Channels = { slack?: boolean; pagerduty?: boolean; email?: boolean };

export type Alerting = Awaited<ReturnType<typeof startAlerting>>;

export async function startAlerting() {
  const database = await createTestDatabase();
  const simulator = await startSimulator({});
  const closing: (() => Promise<void>)[] = [];

  /** One replica: its own metrics and circuits; the clock is turned by hand, the channels are real. */
  async function startReplica(
    clock = createHandClock(new Date()),
    wanted: Channels = {},
    db = database.database,
  ): Promise<Fleet> {
    const { slack = true, pagerduty = true, email = true } = wanted;
    const parts = { clock: systemClock, emit: () => {} };
    const outside = createGuard({ ...parts, random: Math.random, settings: defaultGuardSettings });
    for (const name of ['slack', 'pagerduty', 'email'] as const) outside.upstream(name, failureTables[name]);
    const http = createGuardedHttp({ guard: outside, ...parts });
    const mailer = createSmtpMailer({ guard: outside, url: simulator.smtp.url, from: 'AVA <ava@example.test>' });
    const metrics = createMetrics();
    const senders = createSenders({
      http,
      mailer,
      config: {
        slackWebhookUrl: slack ? simulator.slack.webhookUrl : undefined,
        pagerdutyRoutingKey: pagerduty ? simulator.pagerduty.routingKey : undefined,
        pagerdutyBaseUrl: simulator.pagerduty.baseUrl,
        alertEmailTo: email ? ['ops@example.test'] : [],
        publicUrl: 'http://ava.example.test',
        emailFrom: 'AVA <ava@example.test>',
      },
    });
    const teller = createTeller({ db, clock, metrics, senders, publicUrl: 'http://ava.example.test' });
    const guard = createGuard({ clock, emit: () => {}, random: () => 0.5, settings: defaultGuardSettings });
    guard.upstream('vapi', failureTables.vapi);
    const alerter = createAlerter({
      ...{ db, clock, metrics, teller },
      log: pino({ level: 'silent' }),
      replica: `replica-${Math.random()}`,
      refreshGauges: async () => gaugeCircuits(guard, metrics),
      onChange: () => {},
    });
    const caller = await makeCaller(database.database);
    const desk = createAlertDesk({ db, clock, teller, audit: { record: async () => {} } });
    const routes = (scope: Parameters<typeof alertRoutes>[0]) => alertRoutes(scope, { alertDesk: desk });
    const app = await startPrivateApp({ db: database.database, caller: () => caller, routes });
    closing.push(async () => {
      await app.close();
      await mailer.close();
      await http.close();
    });
    return { clock, metrics, guard, alerter, teller, app };
  }

  /** As if nothing had ever fired, and nobody had been told. */
  async function forget(): Promise<void> {
    simulator.control.clearFaults();
    const { system } = database.database;
    for (const table of ['alerts', 'alert_samples', 'alert_silences', 'alert_notifications'] as const) {
      await system.deleteFrom(table).execute();
    }
    await system.updateTable('alerter_state').set({ evaluated_at: null, tested_at: null, state: '{}' }).execute();
    const { slack, pagerduty, mailbox } = simulator.control.inboxes;
    for (const inbox of [slack.messages, pagerduty.alerts, mailbox.mails]) inbox.length = 0;
  }

  return {
    ...{ database, simulator, startReplica, forget },
    pages: () => simulator.control.inboxes.pagerduty.alerts,
    slackTexts: () => simulator.control.inboxes.slack.messages.map((message) => message.text),
    async stop() {
      for (const close of closing.toReversed()) await close();
      await simulator.close();
      await database.drop();
    },
  };
}

export function callVapi(guard: Guard, isUp: boolean): Promise<void> {
  return guard
    .run({
      ...{ upstream: 'vapi', credential: null, operation: 'assistant.get', repeatable: true, lane: 'api' },
      ...{ deadlineMs: 10_000, attemptTimeoutMs: 5_000, maxAttempts: 1 },
      attempt: async () => {
        if (isUp) return;
        throw new UpstreamError({ kind: 'upstream', upstream: 'vapi', detail: 'it answered 503', connected: true });
      },
    })
    .catch(() => {});
}

/** Calls every second and looks every five, for `seconds` of the hand's clock; `eachRound` is told when. */
export async function live(
  fleet: Fleet,
  isUp: boolean,
  seconds: number,
  eachRound = (_second: number) => {},
): Promise<void> {
  for (let second = 1; second <= seconds; second += 1) {
    await callVapi(fleet.guard, isUp);
    fleet.clock.advance(1000);
    if (second % 5 !== 0) continue;
    await look(fleet);
    eachRound(second);
  }
}

/** A round, and what it set off: telling goes on behind. */
export async function look({ alerter, teller }: Fleet): Promise<void> {
  await alerter.round();
  await teller.tell();
}
