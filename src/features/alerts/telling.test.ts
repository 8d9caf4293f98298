/** Who is told, and what an operator does about it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Alerting, look, startAlerting } from '../../../test/harness/alerting.ts';
import { until } from '../../../test/harness/until.ts';

let alerting: Alerting;

beforeAll(async () => {
  alerting = await startAlerting();
});

afterAll(() => alerting?.stop());

beforeEach(() => alerting.forget());

describe('a channel that fails', () => {
  it('is replaced by the next one, and tried again later', async () => {
    const fleet = await alerting.startReplica();
    alerting.simulator.control.addFault({ vendor: 'slack', kind: 'status', status: 500 });
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    await look(fleet);
    const { mailbox } = alerting.simulator.control.inboxes;
    const subjects = mailbox.mails.map((mail) => mail.subject).filter((subject) => !subject.includes('Test'));
    expect(subjects).toEqual(['[AVA] Warning: Stub mode is on in production']);
    alerting.simulator.control.clearFaults();
    await until(
      'Slack takes it',
      async () => {
        fleet.clock.advance(60_000);
        await look(fleet);
        return alerting.slackTexts().some((text) => text.includes('Stub mode is on'));
      },
      60_000,
    );
    expect(mailbox.mails.filter((mail) => mail.subject.includes('Stub mode'))).toHaveLength(1);
  });

  it('does not keep the others from being told', async () => {
    const fleet = await alerting.startReplica();
    alerting.simulator.control.addFault({ vendor: 'pagerduty', kind: 'status', status: 400 });
    fleet.metrics.httpErrors.inc({ cause: 'ava' }, 10);
    await look(fleet);
    expect(alerting.slackTexts().filter((text) => text.includes("AVA's own fault"))).toHaveLength(1);
    expect(
      alerting.simulator.control.inboxes.mailbox.mails.some((mail) => mail.subject.includes("AVA's own fault")),
    ).toBe(true);
  });

  it('puts what begins together into one message', async () => {
    const fleet = await alerting.startReplica(undefined, { pagerduty: false, email: false });
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    fleet.metrics.callsRecovered.inc(2);
    await look(fleet);
    expect(alerting.slackTexts()).toHaveLength(1);
    expect(alerting.slackTexts()[0]).toContain('Stub mode is on in production');
    expect(alerting.slackTexts()[0]).toContain('Reconciliation found calls');
  });
});

describe('what an operator does', () => {
  it('acknowledges an alert, which PagerDuty learns, and sees who was told', async () => {
    const fleet = await alerting.startReplica();
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
    expect(alerting.pages()[0]?.status).toBe('acknowledged');
    fleet.clock.advance(10 * 60_000);
    await look(fleet);
    expect(alerting.pages()[0]?.status).toBe('resolved');
    const late = await fleet.app.call('POST', path);
    expect([late.status, late.body.code]).toEqual([409, 'alert_over']);
  });

  it('silences a rule until a moment; what still fires then is told', async () => {
    const fleet = await alerting.startReplica();
    const given = { rule: 'stub_mode_in_production', reason: 'rehearsal', minutes: 10 };
    const made = await fleet.app.call('POST', '/api/v1/ops/alerts/silences', given);
    expect(made.status).toBe(200);
    fleet.metrics.stubMode.set({ env: 'production' }, 1);
    await look(fleet);
    expect(alerting.slackTexts()).toEqual([]);
    const listed = await fleet.app.call('GET', '/api/v1/ops/alerts');
    expect(listed.body.alerts[0].silenced_until).toBe(made.body.silence.expires_at);
    fleet.clock.advance(11 * 60_000);
    await look(fleet);
    expect(alerting.slackTexts()).toHaveLength(1);
    const unknown = await fleet.app.call('POST', '/api/v1/ops/alerts/silences', { ...given, rule: 'nothing' });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'validation_failed']);
  });

  it('sends a test to every channel and reads what each one said', async () => {
    const fleet = await alerting.startReplica();
    alerting.simulator.control.addFault({ vendor: 'slack', kind: 'status', status: 404, body: 'no_service' });
    const { body } = await fleet.app.call('POST', '/api/v1/ops/alerts/test', {});
    expect(body.results).toMatchObject([
      { channel: 'pagerduty', delivered: true },
      { channel: 'slack', configured: true, delivered: false },
      { channel: 'email', delivered: true },
    ]);
    expect(alerting.pages().map((one) => one.status)).toEqual(['resolved']);
    const { body: channels } = await fleet.app.call('GET', '/api/v1/ops/alerts/channels');
    expect(channels.channels.find((one: { channel: string }) => one.channel === 'slack').last_problem).toContain('404');
  });

  it('says what to set where a channel is not configured', async () => {
    const fleet = await alerting.startReplica(undefined, { slack: false });
    const { body } = await fleet.app.call('POST', '/api/v1/ops/alerts/test', { channel: 'slack' });
    expect(body.results).toEqual([
      { channel: 'slack', configured: false, delivered: false, detail: 'Set SLACK_WEBHOOK_URL.' },
    ]);
  });
});
