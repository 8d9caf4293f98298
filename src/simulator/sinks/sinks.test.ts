import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../simulator.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

test('a mail ends in the mailbox, and a fault refuses it with its SMTP status', async () => {
  const transport = createTransport(simulator.smtp.url);
  const mail = { from: 'ava@ava.example', to: 'owner@birch.example', subject: 'Your call', text: 'Hello' };
  await transport.sendMail({ ...mail, messageId: '<call-1@ava>' });
  expect(simulator.control.inboxes.mailbox.mails).toMatchObject([
    { to: ['owner@birch.example'], subject: 'Your call', messageId: '<call-1@ava>' },
  ]);
  simulator.control.addFault({ vendor: 'smtp', kind: 'status', status: 550, operation: 'DATA /', count: 1 });
  await expect(transport.sendMail(mail)).rejects.toMatchObject({ responseCode: 550 });
  transport.close();
});

// A call of less than ten seconds looked as if its owner had got no mail: the line was folded within the id of the call.
test('a link in a mail is read whole, wherever the line over which it came was folded', async () => {
  const transport = createTransport(simulator.smtp.url);
  const id = '0194b6c5-1f5e-7c3a-9d2f-1234567890ab';
  const { mails } = simulator.control.inboxes.mailbox;
  const folded = new Set<boolean>();
  for (let length = 0; length < 80; length += 8) {
    const line = `A${'x'.repeat(length)} grüßt /calls/${id}`;
    await transport.sendMail({ from: 'ava@ava.example', to: 'o@birch.example', text: line, html: `<p>${line}</p>` });
    const mail = mails.at(-1)!;
    expect([mail.text.trim(), mail.html.trim()]).toEqual([line, `<p>${line}</p>`]);
    folded.add(mail.raw.includes(id));
  }
  expect(folded).toContain(false);
  await transport.sendMail({
    from: 'ava@ava.example',
    to: 'o@birch.example',
    subject: 'x',
    text: 'Äöü ßéè ñçå 日本語',
  });
  expect(mails.at(-1)?.text.trim()).toBe('Äöü ßéè ñçå 日本語');
  transport.close();
});

test('Resend sends a mail once for a key, and refuses the key with other words', async () => {
  const { baseUrl, apiKey } = simulator.resend;
  const headers = { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'call-1' };
  const mail = { from: 'AVA <ava@ava.example>', to: 'owner@birch.example', subject: 'Your call', text: 'Hello' };
  const first = (await (await post(`${baseUrl}/emails`, mail, headers)).json()) as { id: string };
  expect(await (await post(`${baseUrl}/emails`, mail, headers)).json()).toEqual(first);
  expect(simulator.control.inboxes.resend.mails).toHaveLength(1);
  const other = await post(`${baseUrl}/emails`, { ...mail, text: 'Bye' }, headers);
  expect(await other.json()).toMatchObject({ statusCode: 409, name: 'invalid_idempotent_request' });
  expect((await post(`${baseUrl}/emails`, mail)).status).toBe(401);
});

test('Slack answers in plain words', async () => {
  const { webhookUrl } = simulator.slack;
  expect(await (await post(webhookUrl, { text: 'The breaker is open' })).text()).toBe('ok');
  expect(await (await post(webhookUrl, {})).text()).toBe('no_text');
  expect(await (await post(`${webhookUrl}x`, { text: 'x' })).text()).toBe('no_service');
  expect(simulator.control.inboxes.slack.messages).toMatchObject([{ text: 'The breaker is open' }]);
});

test('PagerDuty joins events with one key into one alert until it is resolved', async () => {
  const { baseUrl, routingKey } = simulator.pagerduty;
  const payload = { summary: 'Vapi is out', source: 'ava', severity: 'critical' };
  const event = { routing_key: routingKey, dedup_key: 'ava:vapi', payload };
  const send = (event_action: string) => post(`${baseUrl}/v2/enqueue`, { ...event, event_action });
  for (const action of ['trigger', 'trigger', 'resolve', 'trigger']) expect((await send(action)).status).toBe(202);
  const { alerts } = simulator.control.inboxes.pagerduty;
  expect(alerts.map(({ status, events, notifications }) => [status, events.length, notifications])).toEqual([
    ['resolved', 3, 1],
    ['triggered', 1, 1],
  ]);
  const refused = await post(`${baseUrl}/v2/enqueue`, { ...event, event_action: 'trigger', routing_key: 'x' });
  expect(await refused.json()).toMatchObject({ status: 'invalid event' });
});

test.each(['google', 'microsoft'] as const)(
  '%s gives a token for a code, refreshes it, and forgets it',
  async (name) => {
    const { baseUrl, clientId, clientSecret } = simulator[name];
    const [authorize, token] =
      name === 'google'
        ? ['/o/oauth2/v2/auth', '/token']
        : ['/common/oauth2/v2.0/authorize', '/common/oauth2/v2.0/token'];
    const redirect = 'http://127.0.0.1:9/back';
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: redirect, scope: 's', state: 'st' });
    const sent = await fetch(`${baseUrl}${authorize}?${query}`, { redirect: 'manual' });
    const back = new URL(sent.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('st');
    const exchange = async (form: Record<string, string>) => {
      const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form });
      const answer = await fetch(baseUrl + token, { method: 'POST', body });
      return (await answer.json()) as Record<string, string>;
    };
    const code = back.searchParams.get('code') ?? '';
    const first = await exchange({ grant_type: 'authorization_code', code, redirect_uri: redirect });
    const again = await exchange({ grant_type: 'authorization_code', code, redirect_uri: redirect });
    expect(again).toMatchObject({ error: 'invalid_grant' });
    const second = await exchange({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' });
    expect(second.access_token).toBeTruthy();
    expect(second.refresh_token === undefined).toBe(name === 'google');
    simulator.control.inboxes[name].oauth.revokeAll();
    const dead = await exchange({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' });
    expect(dead).toMatchObject({ error: 'invalid_grant' });
  },
);

test('both calendars take an appointment once', async () => {
  const google = await connected('google');
  const events = '/calendar/v3/calendars/primary/events';
  const slot = { start: { dateTime: '2026-03-02T09:00:00Z' }, end: { dateTime: '2026-03-02T09:30:00Z' } };
  expect((await google('POST', events, { id: 'ava0001', summary: 'Visit', ...slot })).status).toBe(200);
  expect((await google('POST', events, { id: 'ava0001', summary: 'Visit', ...slot })).status).toBe(409);
  const listed = await google('GET', `${events}?timeMin=2026-03-02T00:00:00Z&singleEvents=true&orderBy=startTime`);
  expect(((await listed.json()) as { items: unknown[] }).items).toHaveLength(1);
  const microsoft = await connected('microsoft');
  const event = {
    subject: 'Visit',
    transactionId: 'ava0001',
    start: { dateTime: '2026-03-02T09:00:00', timeZone: 'UTC' },
    end: { dateTime: '2026-03-02T09:30:00', timeZone: 'UTC' },
  };
  for (let round = 0; round < 2; round++) expect((await microsoft('POST', '/v1.0/me/events', event)).status).toBe(201);
  const view = '/v1.0/me/calendarView?startDateTime=2026-03-02T00:00:00&endDateTime=2026-03-03T00:00:00';
  expect(((await (await microsoft('GET', view)).json()) as { value: unknown[] }).value).toHaveLength(1);
});

async function connected(name: 'google' | 'microsoft') {
  const { baseUrl, clientId, clientSecret } = simulator[name];
  const tenant = name === 'google' ? '' : '/common/oauth2/v2.0';
  const start = name === 'google' ? '/o/oauth2/v2/auth' : `${tenant}/authorize`;
  const redirect_uri = 'http://127.0.0.1:9/back';
  const query = new URLSearchParams({ client_id: clientId, redirect_uri });
  const sent = await fetch(`${baseUrl}${start}?${query}`, { redirect: 'manual' });
  const code = new URL(sent.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: clientSecret,
    code,
    redirect_uri,
  };
  const answer = await fetch(`${baseUrl}${tenant}/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return (method: string, path: string, body?: unknown) =>
    fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
}
