/** An outage is one page and one resolve; and when nobody can tell any more, somebody says so. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Alerting, callVapi, live, look, startAlerting } from '../../../test/harness/alerting.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { connectDatabase } from '../../db/connect.ts';

let alerting: Alerting;

beforeAll(async () => {
  alerting = await startAlerting();
});

afterAll(() => alerting?.stop());

beforeEach(() => alerting.forget());

describe('an outage of a vendor', () => {
  it('is one page, 60 to 75 s after the first failure, however its circuit flaps, and one resolve', async () => {
    const fleet = await alerting.startReplica();
    let pagedAt = 0;
    await live(fleet, false, 150, (second) => {
      if (alerting.pages().length > 0) pagedAt ||= second;
    });
    expect(pagedAt).toBeGreaterThanOrEqual(60);
    expect(pagedAt).toBeLessThanOrEqual(75);
    // It is over once the circuit has stayed closed for five minutes: a vendor that comes and goes is one outage.
    await live(fleet, true, 240);
    expect(alerting.pages().map(({ status }) => status)).toEqual(['triggered']);
    await live(fleet, true, 120);
    expect(alerting.pages()).toHaveLength(1);
    expect(alerting.pages()[0]).toMatchObject({
      status: 'resolved',
      dedupKey: 'ava:installation:circuit_breaker_not_closed:vapi',
    });
    expect(alerting.pages()[0]?.events.map((event) => event.action)).toEqual(['trigger', 'resolve']);
    expect(alerting.slackTexts().map((text) => text.split(':')[0])).toEqual(['*Critical', '*Over']);
  });

  it('pages nobody when it lasts 58 s', async () => {
    const fleet = await alerting.startReplica();
    await live(fleet, false, 27);
    await live(fleet, false, 31);
    await live(fleet, true, 90);
    expect(alerting.pages()).toEqual([]);
    expect(alerting.slackTexts()).toEqual([]);
  });

  it('is told once by three replicas that all look', async () => {
    const clock = createHandClock(new Date());
    const fleets = await Promise.all([
      alerting.startReplica(clock),
      alerting.startReplica(clock),
      alerting.startReplica(clock),
    ]);
    for (const fleet of fleets) for (let i = 0; i < 3; i += 1) await callVapi(fleet.guard, false);
    for (let round = 0; round < 20; round += 1) {
      clock.advance(5000);
      await Promise.all(fleets.map(look));
    }
    expect(alerting.pages()).toHaveLength(1);
    expect(alerting.pages()[0]?.events).toHaveLength(1);
    expect(alerting.slackTexts()).toHaveLength(1);
  });
});

describe('when nobody evaluates', () => {
  it('a database that is gone for half a minute is one page, and one resolve when it is back', async () => {
    const gone = connectDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'test' });
    let isGone = true;
    const lane = () => (isGone ? gone : alerting.database.database).lane('job');
    const fleet = await alerting.startReplica(undefined, {}, { ...alerting.database.database, lane });
    for (let round = 0; round < 10; round += 1) {
      await fleet.alerter.round();
      if (round < 6) expect(alerting.pages()).toEqual([]);
      fleet.clock.advance(5000);
    }
    expect(alerting.pages().map((one) => one.dedupKey)).toEqual(['ava:installation:database_down:installation']);
    isGone = false;
    await fleet.alerter.round();
    expect(alerting.pages().map((one) => one.status)).toEqual(['resolved']);
    expect(alerting.slackTexts().map((text) => text.split(':')[0])).toEqual(['*Critical', '*Over']);
    await gone.close();
  });

  it('a replica that cannot lead tells within two minutes that the leader is silent', async () => {
    const clock = createHandClock(new Date());
    const fleet = await alerting.startReplica(clock);
    await look(fleet);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const isHeld = Promise.withResolvers<void>();
    const hanging = alerting.database.database.system.transaction().execute(async (trx) => {
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
    expect(alerting.pages().map((one) => one.dedupKey)).toEqual(['ava:installation:alerter_silent:installation']);
    letGo();
    await hanging;
    await fleet.alerter.round();
    await fleet.alerter.round();
    await fleet.teller.tell();
  });
});
