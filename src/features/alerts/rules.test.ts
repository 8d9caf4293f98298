import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Alerting, live, look, startAlerting } from '../../../test/harness/alerting.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';

let alerting: Alerting;

beforeAll(async () => {
  alerting = await startAlerting();
});

afterAll(() => alerting?.stop());

beforeEach(() => alerting.forget());

describe('the other rules', () => {
  it('stay quiet during the burst of the runbook and the traffic of the verification', async () => {
    const fleet = await alerting.startReplica();
    fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 5);
    fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'synthetic' }, 500);
    await live(fleet, true, 30);
    expect(alerting.slackTexts()).toEqual([]);
  });

  it('add up what each replica refused, and count a restarted one from zero', async () => {
    const clock = createHandClock(new Date());
    const fleets = [await alerting.startReplica(clock), await alerting.startReplica(clock)];
    for (const fleet of fleets) fleet.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 40);
    for (const fleet of fleets) await look(fleet);
    expect(alerting.slackTexts()).toEqual([]);
    const restarted = await alerting.startReplica(clock);
    restarted.metrics.rateLimitRejections.inc({ group: 'vapi', traffic: 'real' }, 21);
    await look(restarted);
    expect(alerting.slackTexts()).toHaveLength(1);
    expect(alerting.slackTexts()[0]).toContain('More than 100 requests an hour');
    expect(alerting.pages()).toEqual([]);
  });

  it('and what vendors answered are kept minute by minute for the last hour', async () => {
    const clock = createHandClock(new Date());
    const fleets = [await alerting.startReplica(clock), await alerting.startReplica(clock)];
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
    const fleet = await alerting.startReplica();
    const labels = { method: 'GET', route: '/api/v1/calls', status: 200, traffic: 'real' };
    for (let i = 0; i < 100; i += 1) fleet.metrics.httpRequestDuration.observe(labels, 0.01);
    fleet.metrics.httpErrors.inc({ cause: 'upstream' }, 50);
    await look(fleet);
    expect(alerting.pages()).toEqual([]);
    fleet.metrics.httpErrors.inc({ cause: 'ava' }, 3);
    await look(fleet);
    expect(alerting.pages().map((one) => one.severity)).toEqual(['critical']);
  });

  it('tell when a mail about a call was given up', async () => {
    const fleet = await alerting.startReplica();
    fleet.metrics.effectsGivenUp.inc({ kind: 'call.told' }, 0);
    await look(fleet);
    expect(alerting.slackTexts()).toEqual([]);
    fleet.metrics.effectsGivenUp.inc({ kind: 'call.told' });
    await look(fleet);
    expect(alerting.slackTexts().join()).toContain('Nobody could be told of a call');
    expect(alerting.pages()).toEqual([]);
  });

  it('wait until a condition has held for as long as its rule says', async () => {
    const fleet = await alerting.startReplica();
    fleet.metrics.webhookQuarantine.set(2);
    await live(fleet, true, 295);
    expect(alerting.slackTexts()).toEqual([]);
    await live(fleet, true, 10);
    expect(alerting.slackTexts()).toHaveLength(1);
  });

  it('notice two hours without a call where there were calls in both weeks before', async () => {
    const fleet = await alerting.startReplica(createHandClock(new Date('2026-03-02T10:30:00Z')));
    const weekMs = 7 * 86_400_000;
    const callsNow = async () => {
      fleet.metrics.callsByRoute.inc({ route: 'ai', reason: '' }, 10);
      await look(fleet);
    };
    await callsNow();
    fleet.clock.advance(weekMs);
    await callsNow();
    expect(alerting.slackTexts().join()).not.toContain('No call');
    fleet.clock.advance(weekMs + 2 * 3_600_000);
    await look(fleet);
    expect(alerting.slackTexts().join()).toContain('No call for two hours');
  });
});
