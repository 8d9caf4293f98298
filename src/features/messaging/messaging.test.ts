import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { type PrivateApp, startPrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { until } from '../../../test/harness/until.ts';
import { systemClock } from '../../clock.ts';
import type { Caller } from '../../http/caller.ts';
import { createMailer, type MailSettings } from '../../providers/email/mailer.ts';
import { failureTables } from '../../providers/failure-tables.ts';
import { createGuardedHttp } from '../../providers/http.ts';
import { createGuard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createEffects } from '../effects/effects.ts';
import { callSummaryMail, callSummaryText } from './call-summary.ts';
import { createMessaging, type Messaging } from './messaging.ts';
import { messagingRoutes } from './routes.ts';

const PATH = '/api/v1/integrations/email/test';
const MAIL = { to: 'person@example.test', subject: 'A test', text: 'Hello.' };

let database: TestDatabase;
let simulator: Simulator;
let caller: Caller;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  simulator = await startSimulator({});
  caller = await makeCaller(database.database, 'editor', false);
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await simulator.close();
  await database.drop();
});

beforeEach(() => simulator.control.clearFaults());

type Given = { env?: 'development' | 'production' | 'test'; stubMode?: boolean; mail?: Partial<MailSettings> };

async function start(given: Given): Promise<{ app: PrivateApp; messaging: Messaging }> {
  const config = {
    env: given.env ?? 'development',
    stubMode: given.stubMode ?? false,
    smtpUrl: undefined,
    resendApiKey: undefined,
    resendBaseUrl: simulator.resend.baseUrl,
    emailFrom: 'AVA <ava@example.test>',
    ...given.mail,
  };
  const parts = { clock: systemClock, emit: () => {} };
  const guard = createGuard({ ...parts, random: Math.random, settings: defaultGuardSettings });
  guard.upstream('email', failureTables.email);
  const http = createGuardedHttp({ guard, ...parts });
  const mailer = await createMailer({ config, guard, http });
  const messaging = createMessaging({
    config,
    mailer,
    effects: createEffects({ db: database.database, clock: systemClock }),
  });
  const app = await startPrivateApp({
    db: database.database,
    caller: () => caller,
    routes: (scope) => messagingRoutes(scope, { messaging, record: async () => {} }),
  });
  closing.push(async () => {
    await app.close();
    await mailer?.close();
    await http.close();
  });
  return { app, messaging };
}

const smtp = () => ({ smtpUrl: simulator.smtp.url });
const resend = () => ({ resendApiKey: simulator.resend.apiKey });

describe('the test of the e-mail integration', () => {
  it('is refused in production without a provider, in the words of the guide', async () => {
    const { app } = await start({ env: 'production' });
    const answer = await app.call('POST', PATH, MAIL);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'stub_disabled_in_production',
      detail: 'Stub integrations are disabled in production',
    });
  });

  it('tells what to configure outside production', async () => {
    const { app } = await start({});
    const answer = await app.call('POST', PATH, MAIL);
    expect([answer.status, answer.body.code]).toEqual([409, 'email_not_configured']);
    expect(answer.body.detail).toContain('SMTP_URL');
  });

  it('says in stub mode that nothing was sent, in production and with a provider too', async () => {
    const before = simulator.control.inboxes.mailbox.mails.length;
    for (const given of [{}, { env: 'production' as const }, { mail: smtp() }]) {
      const { app } = await start({ ...given, stubMode: true });
      const answer = await app.call('POST', PATH, MAIL);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ stub: true, delivered: false, provider: null });
    }
    expect(simulator.control.inboxes.mailbox.mails.length).toBe(before);
  });

  it('really sends over SMTP', async () => {
    const { app } = await start({ env: 'production', mail: smtp() });
    const answer = await app.call('POST', PATH, MAIL);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ delivered: true, stub: false, provider: 'smtp' });
    const mail = await until('the mail arrived', () =>
      simulator.control.inboxes.mailbox.mails.find((one) => one.messageId === answer.body.message_id),
    );
    expect(mail).toMatchObject({ to: [MAIL.to], subject: MAIL.subject });
  });

  it('really sends through Resend', async () => {
    const { app } = await start({ env: 'production', mail: resend() });
    const answer = await app.call('POST', PATH, { ...MAIL, subject: 'Through Resend' });
    expect(answer.body).toMatchObject({ delivered: true, provider: 'resend' });
    const mail = simulator.control.inboxes.resend.mails.find((one) => one.id === answer.body.message_id);
    expect(mail).toMatchObject({ to: [MAIL.to], subject: 'Through Resend' });
  });

  it('sends once for one Idempotency-Key', async () => {
    const { app } = await start({ mail: smtp() });
    const key = { 'idempotency-key': 'test-once' };
    const body = { ...MAIL, subject: 'Only once' };
    const first = await app.call('POST', PATH, body, key);
    const second = await app.call('POST', PATH, body, key);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(simulator.control.inboxes.mailbox.mails.filter((mail) => mail.subject === 'Only once')).toHaveLength(1);
  });

  it('allows five a minute', async () => {
    const { app } = await start({ stubMode: true });
    const answers = [];
    for (let turn = 0; turn < 6; turn += 1) answers.push(await app.call('POST', PATH, MAIL));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[5]?.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('refuses line breaks in the address and the subject', async () => {
    const { app } = await start({ mail: smtp() });
    const forged = [
      { ...MAIL, subject: 'Hi\r\nBcc: thief@example.test' },
      { ...MAIL, subject: 'Hi\u2028Bcc: thief@example.test' },
      { ...MAIL, to: 'person@example.test\r\nBcc: thief@example.test' },
      { ...MAIL, to: 'person@example.test, thief@example.test' },
    ];
    const before = simulator.control.inboxes.mailbox.mails.length;
    for (const body of forged) {
      const answer = await app.call('POST', PATH, body);
      expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
    }
    expect(simulator.control.inboxes.mailbox.mails.length).toBe(before);
  });

  it('is an upstream problem when the server turns the mail away, and the key may be tried again', async () => {
    const { app } = await start({ mail: smtp() });
    simulator.control.addFault({ vendor: 'smtp', kind: 'status', status: 550, operation: 'DATA /', count: 1 });
    const key = { 'idempotency-key': 'again' };
    const refused = await app.call('POST', PATH, MAIL, key);
    expect([refused.status, refused.body.code]).toEqual([422, 'upstream_rejected']);
    const sent = await app.call('POST', PATH, MAIL, key);
    expect([sent.status, sent.body.delivered]).toEqual([200, true]);
  });

  it('answers at once, with Retry-After, once the circuit of e-mail is open', async () => {
    const { app } = await start({ mail: smtp() });
    simulator.control.addFault({ vendor: 'smtp', kind: 'refused' });
    const first = await app.call('POST', PATH, MAIL);
    expect(first.status).toBeGreaterThanOrEqual(502);
    const second = await app.call('POST', PATH, MAIL);
    expect([second.status, second.body.code]).toEqual([503, 'upstream_unavailable']);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('mail of the product', () => {
  const call = {
    assistant: 'Reception',
    callerNumber: '+15550100',
    callerName: null,
    isVoicemail: false,
    startedAt: new Date('2026-03-01T10:00:00Z'),
    durationSeconds: 75,
    outcome: 'taken by the assistant',
    summary: 'Wants an <b>appointment</b> & a call back.',
    url: 'https://ava.example.test/calls/1',
  };

  it('sends the summary of a call as text and as HTML in which nobody can plant markup', async () => {
    const { messaging } = await start({ mail: resend() });
    const given = { tenantId: caller.tenantId, to: 'owner@example.test', effectKey: 'summary:1', call };
    const outcome = await messaging.sendCallSummary(given);
    expect(outcome.state).toBe('delivered');
    const mail = simulator.control.inboxes.resend.mails.at(-1);
    expect(mail?.body['text']).toContain('Length: 1 min 15 s');
    expect(mail?.body['html']).toContain('&lt;b&gt;appointment&lt;/b&gt; &amp; a call back.');
  });

  it('says that a message was left, by whom and when, with the talk before it or without one', () => {
    const alone = { ...call, isVoicemail: true, assistant: null, summary: null, outcome: 'left a message' };
    const mail = callSummaryMail({ ...alone, callerName: 'Ann' });
    expect(mail.subject).toBe('Voicemail from Ann (+15550100)');
    const facts = 'From: Ann (+15550100)\nCalled: 2026-03-01 10:00 UTC\nLength: 1 min 15 s\nOutcome: left a message';
    expect(mail.text).toBe(`${facts}\n\nThe caller left a message.\n\nListen to the message: ${call.url}\n`);
    const talked = callSummaryMail({ ...alone, callerNumber: null, assistant: 'Reception', summary: call.summary });
    expect(talked.subject).toBe('Voicemail from a withheld number');
    expect(talked.text).toContain(`The caller left a message.\n\nThe talk before it: ${call.summary}`);
    const text = callSummaryText({ ...alone, callerName: 'Ännchen', callerNumber: null });
    expect(text).toBe(`Voicemail from a withheld number, 2026-03-01 10:00 UTC. ${call.url}`);
  });

  it('reaches the provider once, however often the job repeats it', async () => {
    const { messaging } = await start({ mail: resend() });
    const given = { tenantId: caller.tenantId, to: 'owner@example.test', effectKey: 'summary:2', call };
    const [first, second] = [await messaging.sendCallSummary(given), await messaging.sendCallSummary(given)];
    expect(second).toEqual(first);
  });

  it('does not send a mail again whose fate over SMTP nobody knows', async () => {
    const { messaging } = await start({ mail: smtp() });
    const effects = createEffects({ db: database.database, clock: systemClock });
    const order = { tenantId: caller.tenantId, key: 'email:summary:lost', kind: 'email' };
    await effects.once(order, () => Promise.reject(new Error('lost'))).catch(() => {});
    const before = simulator.control.inboxes.mailbox.mails.length;
    const given = { tenantId: caller.tenantId, to: 'owner@example.test', effectKey: 'summary:lost', call };
    expect(await messaging.sendCallSummary(given)).toEqual({ state: 'unknown' });
    expect(simulator.control.inboxes.mailbox.mails.length).toBe(before);
  });

  it('makes one line of a subject that carries line breaks', async () => {
    const { messaging } = await start({ mail: smtp() });
    const forged = { ...call, outcome: 'x\r\nBcc: thief@example.test' };
    await messaging.sendCallSummary({
      tenantId: caller.tenantId,
      to: 'o@example.test',
      effectKey: 's:3',
      call: forged,
    });
    const mail = simulator.control.inboxes.mailbox.mails.at(-1);
    expect(mail?.headers['bcc']).toBeUndefined();
    expect(mail?.to).toEqual(['o@example.test']);
  });
});
