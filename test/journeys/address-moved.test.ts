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

it('tells Vapi and Twilio at once when AVA is started under another address', { timeout: 240_000 }, async () => {
  const { ava } = telephone;
  const before = new URL(ava.url).host;
  await until('both know the first address', async () => (await told()).every((host) => host === before), 60_000);
  const moved = ava.url.replace('127.0.0.1', 'localhost');
  ava.env['PUBLIC_URL'] = moved;
  await ava.restart();
  const host = new URL(moved).host;
  await until('both know the new address', async () => (await told()).every((one) => one === host), 60_000);
  const asked = () => ava.simulator.control.countRequests({ vendor: 'twilio' });
  const soFar = asked();
  await ava.restart();
  await telephone.json('/vapi/settings');
  expect(asked(), 'under the same address nobody is told again').toBe(soFar);
});
