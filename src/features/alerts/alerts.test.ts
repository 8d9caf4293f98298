import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock, type HandClock } from '../../../test/harness/hand-clock.ts';
import { startPrivateApp, type PrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { until } from '../../../test/harness/until.ts';
import { systemClock } from '../../clock.ts';
import { connectDatabase } from '../../db/connect.ts';
import { createMetrics, type Metrics } from '../../metrics.ts';
import { createSmtpMailer } from '../../providers/email/smtp.ts';
import { failureTables } from '../../providers/failure-tables.ts';
import { createGuardedHttp } from '../../providers/http.ts';
import { createGuard, type Guard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { gaugeCircuits } from '../system/circuits.ts';
import { createAlertDesk } from './alert-desk.ts';
import { type Alerter, createAlerter } from './alerts.ts';
import { createSenders } from './channels.ts';
import { alertRoutes } from './routes.ts';
import { createTeller, type Teller } from './teller.ts';

let database: TestDatabase;
let simulator: Simulator;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  simulator = await startSimulator({});
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await simulator.close();
  await database.drop();
});

beforeEach(async () => {
  simulator.control.clearFaults();
  const { system } = database.database;
  for (const table of ['alerts', 'alert_samples', 'alert_silences', 'alert_notifications'] as const) {
    await system.deleteFrom(table).execute();
  }
  await system.updateTable('alerter_state').set({ evaluated_at: null, tested_at: null, state: '{}' }).execute();
  const { slack, pagerduty, mailbox } = simulator.control.inboxes;
  for (const inbox of [slack.messages, pagerduty.alerts, mailbox.mails]) inbox.length = 0;
});

type Fleet = { clock: HandClock; metrics: Metrics; guard: Guard; alerter: Alerter; teller: Teller; app: PrivateApp };
type Channels = { slack?: boolean; pagerduty?: boolean; email?: boolean };

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

const page = () => simulator.control.inboxes.pagerduty.alerts;
const slackTexts = () => simulator.control.inboxes.slack.messages.map((message) => message.text);

function callVapi(guard: Guard, isUp: boolean): Promise<void> {
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
async function live(fleet: Fleet, isUp: boolean, seconds: number, eachRound = (_second: number) => {}): Promise<void> {
  for (let second = 1; second <= seconds; second += 1) {
    await callVapi(fleet.guard, isUp);
    fleet.clock.advance(1000);
    if (second % 5 !== 0) continue;
    await look(fleet);
    eachRound(second);
  }
}

/** A round, and what it set off: telling goes on behind. */
async function look({ alerter, teller }: Fleet): Promise<void> {
  await alerter.round();
  await teller.tell();
}

describe('an outage of a vendor', () => {
  it('is one page, 60 to 75 s after the first failure, however its circuit flaps, and one resolve', async () => {
    const fleet = await startReplica();
    let pagedAt = 0;
    await live(fleet, false, 150, (second) => {
      if (page().length > 0) pagedAt ||= second;
    });
    expect(pagedAt).toBeGreaterThanOrEqual(60);
    expect(pagedAt).toBeLessThanOrEqual(75);
    await live(fleet, true, 60);
    expect(page()).toHaveLength(1);
    expect(page()[0]).toMatchObject({
      status: 'resolved',
      dedupKey: 'ava:installation:circuit_breaker_not_closed:vapi',
    });
    expect(page()[0]?.events.map((event) => event.action)).toEqual(['trigger', 'resolve']);
    expect(slackTexts().map((text) => text.split(':')[0])).toEqual(['*Critical', '*Over']);
  });

  it('pages nobody when it lasts 58 s', async () => {
    const fleet = await startReplica();
    await live(fleet, false, 27);
    await live(fleet, false, 31);
    await live(fleet, true, 90);
    expect(page()).toEqual([]);
    expect(slackTexts()).toEqual([]);
  });

  it('is told once by three replicas that all look', async () => {
    const clock = createHandClock(new Date());
    const fleets = await Promise.all([startReplica(clock), startReplica(clock), startReplica(clock)]);
    for (const fleet of fleets) for (let i = 0; i < 3; i += 1) await callVapi(fleet.guard, false);
    for (let round = 0; round < 20; round += 1) {
      clock.advance(5000);
      await Promise.all(fleets.map(look));
    }
    expect(page()).toHaveLength(1);
    expect(page()[0]?.events).toHaveLength(1);
    expect(slackTexts()).toHaveLength(1);
  });
});

describe('the other rules', () => {
  it('stay quiet during the burst of the runbook and the traffic of the verification', async () => {
    const fleet = await startReplica();
    fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 5);
    fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'synthetic' }, 500);
    await live(fleet, true, 30);
    expect(slackTexts()).toEqual([]);
  });

  it('add up what each replica refused, and count a restarted one from zero', async () => {
    const clock = createHandClock(new Date());
    const fleets = [await startReplica(clock), await startReplica(clock)];
    for (const fleet of fleets) fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 40);
    for (const fleet of fleets) await look(fleet);
    expect(slackTexts()).toEqual([]);
    const restarted = await startReplica(clock);
    restarted.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 21);
    await look(restarted);
    expect(slackTexts()).toHaveLength(1);
    expect(slackTexts()[0]).toContain('More than 100 requests an hour');
    expect(page()).toEqual([]);
  });

  it('and what vendors answered are kept minute by minute for the last hour', async () => {
    const clock = createHandClock(new Date());
    const fleets = [await startReplica(clock), await startReplica(clock)];
    const attempt = (outcome: string, seconds: number) => {
      for (const { metrics } of fleets)
        metrics.upstreamDuration.observe({ upstream: 'vapi', operation: 'assistant.get', outcome }, seconds);
    };
    attempt('ok', 0.2);
    attempt('not_found', 0.1);
    for (const fleet of fleets) await look(fleet);
    clock.advance(60_000);
    attempt('timeout', 3);
    for (const { metrics } of fleets) metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 2);
    for (const fleet of fleets) await look(fleet);
    const { body } = await fleets[0]!.app.call('GET', '/api/v1/ops/traffic');
    const { minutes } = body as { minutes: { rate_limited: number; upstreams: object[] }[] };
    expect(minutes).toHaveLength(60);
    const [before, newest] = minutes.slice(-2);
    expect(before!.upstreams).toEqual([{ upstream: 'vapi', attempts: 4, failed: 0, mean_ms: 150 }]);
    expect(newest!.upstreams).toEqual([{ upstream: 'vapi', attempts: 2, failed: 2, mean_ms: 3000 }]);
    expect(newest!.rate_limited).toBe(4);
  });

  it("page when more than 1 % of requests fail by AVA's own fault, not when a vendor fails", async () => {
    const fleet = await startReplica();
    const labels = { method: 'GET', route: '/api/v1/calls', status: 200, traffic: 'real' };
    for (let i = 0; i < 100; i += 1) fleet.metrics.httpRequestDuration.observe(labels, 0.01);
    fleet.metrics.httpErrors.inc({ cause: 'upstream' }, 50);
    await look(fleet);
    expect(page()).toEqual([]);
    fleet.metrics.httpErrors.inc({ cause: 'ava' }, 3);
    await look(fleet);
    expect(page().map((one) => one.severity)).toEqual(['critical']);
  });

  it('tell when a mail about a call was given up', async () => {
    const fleet = await startReplica();
    fleet.metrics.effectsGivenUp.inc({ kind: 'call.told' }, 0);
    await look(fleet);
    expect(slackTexts()).toEqual([]);
    fleet.metrics.effectsGivenUp.inc({ kind: 'call.told' });
    await look(fleet);
    expect(slackTexts().join()).toContain('Nobody could be told of a call');
    expect(page()).toEqual([]);
  });

  it('wait until a condition has held for as long as its rule says', async () => {
    const fleet = await startReplica();
    fleet.metrics.webhookQuarantine.set(2);
    await live(fleet, true, 295);
    expect(slackTexts()).toEqual([]);
    await live(fleet, true, 10);
    expect(slackTexts()).toHaveLength(1);
  });

  it('notice two hours without a call where there were calls in both weeks before', async () => {
    const fleet = await startReplica(createHandClock(new Date('2026-03-02T10:30:00Z')));
    const weekMs = 7 * 86_400_000;
    const callsNow = async () => {
      fleet.metrics.callsByRoute.inc({ route: 'ai', reason: '' }, 10);
      await look(fleet);
    };
    await callsNow();
    fleet.clock.advance(weekMs);
    await callsNow();
    expect(slackTexts().join()).not.toContain('No call');
    fleet.clock.advance(weekMs + 2 * 3_600_000);
    await look(fleet);
    expect(slackTexts().join()).toContain('No call for two hours');
  });
});

describe('a channel that fails', () => {
  it('is replaced by the next one, and tried again later', async () => {
    const fleet = await startReplica();
    simulator.control.addFault({ vendor: 'slack', kind: 'status', status: 500 });
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    await look(fleet);
    const { mailbox } = simulator.control.inboxes;
    const subjects = mailbox.mails.map((mail) => mail.subject).filter((subject) => !subject.includes('Test'));
    expect(subjects).toEqual(['[AVA] Warning: Stub mode is on in production']);
    simulator.control.clearFaults();
    await until(
      'Slack takes it',
      async () => {
        fleet.clock.advance(60_000);
        await look(fleet);
        return slackTexts().some((text) => text.includes('Stub mode is on'));
      },
      60_000,
    );
    expect(mailbox.mails.filter((mail) => mail.subject.includes('Stub mode'))).toHaveLength(1);
  });

  it('does not keep the others from being told', async () => {
    const fleet = await startReplica();
    simulator.control.addFault({ vendor: 'pagerduty', kind: 'status', status: 400 });
    fleet.metrics.httpErrors.inc({ cause: 'ava' }, 10);
    await look(fleet);
    expect(slackTexts().filter((text) => text.includes("AVA's own fault"))).toHaveLength(1);
    expect(simulator.control.inboxes.mailbox.mails.some((mail) => mail.subject.includes("AVA's own fault"))).toBe(true);
  });

  it('puts what begins together into one message', async () => {
    const fleet = await startReplica(undefined, { pagerduty: false, email: false });
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    fleet.metrics.callsRecovered.inc(2);
    await look(fleet);
    expect(slackTexts()).toHaveLength(1);
    expect(slackTexts()[0]).toContain('Stub mode is on in production');
    expect(slackTexts()[0]).toContain('Reconciliation found calls');
  });
});

describe('what an operator does', () => {
  it('acknowledges an alert, which PagerDuty learns, and sees who was told', async () => {
    const fleet = await startReplica();
    fleet.metrics.httpErrors.inc({ cause: 'ava' }, 10);
    await look(fleet);
    const { body } = await fleet.app.call('GET', '/api/v1/ops/alerts?state=open');
    expect(body.alerts).toMatchObject([{ rule: 'error_rate', state: 'firing', resource: 'installation' }]);
    expect(body.alerts[0].notifications.map((one: { channel: string }) => one.channel).toSorted()).toEqual([
      'pagerduty',
      'slack',
    ]);
    const path = `/api/v1/ops/alerts/${body.alerts[0].id}/acknowledge`;
    const answer = await fleet.app.call('POST', path);
    expect(answer.body.alert.state).toBe('acknowledged');
    await look(fleet);
    expect(page()[0]?.status).toBe('acknowledged');
    fleet.clock.advance(10 * 60_000);
    await look(fleet);
    expect(page()[0]?.status).toBe('resolved');
    const late = await fleet.app.call('POST', path);
    expect([late.status, late.body.code]).toEqual([409, 'alert_over']);
  });

  it('silences a rule until a moment; what still fires then is told', async () => {
    const fleet = await startReplica();
    const given = { rule: 'stub_mode_in_production', reason: 'rehearsal', minutes: 10 };
    const made = await fleet.app.call('POST', '/api/v1/ops/alerts/silences', given);
    expect(made.status).toBe(200);
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    await look(fleet);
    expect(slackTexts()).toEqual([]);
    const listed = await fleet.app.call('GET', '/api/v1/ops/alerts');
    expect(listed.body.alerts[0].silenced_until).toBe(made.body.silence.expires_at);
    fleet.clock.advance(11 * 60_000);
    await look(fleet);
    expect(slackTexts()).toHaveLength(1);
    const unknown = await fleet.app.call('POST', '/api/v1/ops/alerts/silences', { ...given, rule: 'nothing' });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'validation_failed']);
  });

  it('sends a test to every channel and reads what each one said', async () => {
    const fleet = await startReplica();
    simulator.control.addFault({ vendor: 'slack', kind: 'status', status: 404, body: 'no_service' });
    const { body } = await fleet.app.call('POST', '/api/v1/ops/alerts/test', {});
    expect(body.results).toMatchObject([
      { channel: 'pagerduty', delivered: true },
      { channel: 'slack', configured: true, delivered: false },
      { channel: 'email', delivered: true },
    ]);
    expect(page().map((one) => one.status)).toEqual(['resolved']);
    const { body: channels } = await fleet.app.call('GET', '/api/v1/ops/alerts/channels');
    expect(channels.channels.find((one: { channel: string }) => one.channel === 'slack').last_problem).toContain('404');
  });

  it('says what to set where a channel is not configured', async () => {
    const fleet = await startReplica(undefined, { slack: false });
    const { body } = await fleet.app.call('POST', '/api/v1/ops/alerts/test', { channel: 'slack' });
    expect(body.results).toEqual([
      { channel: 'slack', configured: false, delivered: false, detail: 'Set SLACK_WEBHOOK_URL.' },
    ]);
  });
});

describe('when nobody evaluates', () => {
  it('a database that is gone for half a minute is one page, and one resolve when it is back', async () => {
    const gone = connectDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'test' });
    let isGone = true;
    const lane = () => (isGone ? gone : database.database).lane('job');
    const fleet = await startReplica(undefined, {}, { ...database.database, lane });
    for (let round = 0; round < 10; round += 1) {
      await fleet.alerter.round();
      if (round < 6) expect(page()).toEqual([]);
      fleet.clock.advance(5000);
    }
    expect(page().map((one) => one.dedupKey)).toEqual(['ava:installation:database_down:installation']);
    isGone = false;
    await fleet.alerter.round();
    expect(page().map((one) => one.status)).toEqual(['resolved']);
    expect(slackTexts().map((text) => text.split(':')[0])).toEqual(['*Critical', '*Over']);
    await gone.close();
  });

  it('a replica that cannot lead tells within two minutes that the leader is silent', async () => {
    const clock = createHandClock(new Date());
    const fleet = await startReplica(clock);
    await look(fleet);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const isHeld = Promise.withResolvers<void>();
    const hanging = database.database.system.transaction().execute(async (trx) => {
      const { tryToLead } = await import('./store.ts');
      expect(await tryToLead(trx)).toBe(true);
      isHeld.resolve();
      await held;
    });
    await isHeld.promise;
    for (let second = 0; second < 115; second += 5) {
      clock.advance(5000);
      await fleet.alerter.round();
    }
    expect(page().map((one) => one.dedupKey)).toEqual(['ava:installation:alerter_silent:installation']);
    letGo();
    await hanging;
    await fleet.alerter.round();
    await fleet.alerter.round();
    await fleet.teller.tell();
  });
});
