import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTelephone, type Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';

let telephone: Telephone;
beforeAll(async () => {
  telephone = await startTelephone();
  await telephone.route();
}, 240_000);
afterAll(() => telephone?.stop());

/** The addresses that Vapi has at the assistant and Twilio at the number. */
async function told() {
  const { vapi, twilio } = telephone.ava.simulator;
  const basic = Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64');
  const account = `${twilio.baseUrl}/2010-04-01/Accounts/${twilio.accountSid}`;
  const ask = async (url: string, authorization: string) =>
    (await (await fetch(url, { headers: { authorization } })).json()) as any;
  const assistant = await ask(`${vapi.baseUrl}/assistant/${vapi.assistantId}`, `Bearer ${vapi.apiKey}`);
  const number = await ask(`${account}/IncomingPhoneNumbers/${telephone.sid}.json`, `Basic ${basic}`);
  return [assistant.server?.url, number.voice_url].map((url) => new URL(url ?? 'http://nowhere').host);
}

/** How often AVA had them told because it was elsewhere. */
async function moves(): Promise<number> {
  const client = new Client({ connectionString: telephone.ava.databaseUrl });
  await client.connect();
  const { rows } = await client.query(`select count(*)::int as n from jobs.job
    where name = 'assistants.reassert-all' and singleton_key = 'moved'`);
  await client.end();
  return rows[0].n;
}

it('tells Vapi and Twilio at once when AVA is started under another address', { timeout: 240_000 }, async () => {
  const { ava } = telephone;
  const here = ava.url;
  const startAt = async (url: string) => {
    ava.env['PUBLIC_URL'] = url;
    await ava.restart();
    const { host } = new URL(url);
    await until('both know the address', async () => (await told()).every((one) => one === host), 60_000);
  };
  await startAt(here);
  const before = await moves();
  await startAt(here.replace('127.0.0.1', 'localhost'));
  expect(await moves()).toBe(before + 1);
  // Under the same address nobody is told again: of these two starts only the second one is a move.
  await ava.restart();
  await startAt(here);
  expect(await moves()).toBe(before + 2);
});
