import { afterEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from './simulator.ts';

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

async function start(options: Parameters<typeof startSimulator>[0] = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

function vapi(simulator: Simulator, path: string, init: { method?: string; body?: unknown; key?: string } = {}) {
  return fetch(simulator.vapi.baseUrl + path, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: { authorization: `Bearer ${init.key ?? simulator.vapi.apiKey}`, 'content-type': 'application/json' },
    ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
  });
}

test('the same seed gives the same keys, ids and numbers', async () => {
  const [one, two, other] = [await start({ seed: 7 }), await start({ seed: 7 }), await start({ seed: 8 })];
  expect(one.vapi.apiKey).toBe(two.vapi.apiKey);
  expect(one.twilio).toMatchObject({ accountSid: two.twilio.accountSid, authToken: two.twilio.authToken });
  expect(other.vapi.apiKey).not.toBe(one.vapi.apiKey);
});

test('a later run of the same seed has the same keys and numbers, and makes what no earlier run made', async () => {
  const [one, two] = [await start({ seed: 7, run: 1 }), await start({ seed: 7, run: 2 })];
  expect(two.vapi).toMatchObject({ apiKey: one.vapi.apiKey, assistantId: one.vapi.assistantId });
  expect(two.twilio).toMatchObject({ accountSid: one.twilio.accountSid, authToken: one.twilio.authToken });
  const make = async (simulator: Simulator) =>
    ((await (await vapi(simulator, '/assistant', { body: { name: 'Desk' } })).json()) as { id: string }).id;
  expect(await make(two)).not.toBe(await make(one));
});

test('an assistant keeps what it was given, and a change replaces a nested object whole', async () => {
  const simulator = await start();
  const voice = { provider: '11labs', voiceId: 'sarah', speed: 1.1, stability: 0.5 };
  const made = await vapi(simulator, '/assistant', { body: { name: 'Desk', voice } });
  expect(made.status).toBe(201);
  const { id } = (await made.json()) as { id: string };
  const patched = await vapi(simulator, `/assistant/${id}`, {
    method: 'PATCH',
    body: { voice: { provider: '11labs', voiceId: 'sarah', speed: 0.9 } },
  });
  const read = (await (await vapi(simulator, `/assistant/${id}`)).json()) as Record<string, unknown>;
  expect(patched.status).toBe(200);
  expect(read).toMatchObject({ name: 'Desk', voice: { provider: '11labs', voiceId: 'sarah', speed: 0.9 } });
  expect((read.voice as object)['stability' as never]).toBeUndefined();
});

test.each([
  ['an unknown property', { foo: 1 }, ['property foo should not exist']],
  ['a read-only property', { id: 'x' }, ['property id should not exist']],
  [
    'an unknown nested property',
    { voice: { provider: '11labs', voiceId: 'a', speedX: 1 } },
    ['voice.property speedX should not exist'],
  ],
  [
    'a speed on a voice that has none',
    { voice: { provider: 'deepgram', voiceId: 'a', speed: 1 } },
    ['voice.property speed should not exist'],
  ],
  [
    'a speed beyond the provider',
    { voice: { provider: '11labs', voiceId: 'a', speed: 1.5 } },
    ['voice.speed must not be greater than 1.2'],
  ],
  ['a call that is too short', { maxDurationSeconds: 5 }, ['maxDurationSeconds must not be less than 10']],
  ['a model without its provider', { model: { temperature: 1 } }, [expect.stringContaining('model.provider must be')]],
  ['a server without https', { server: { url: 'http://example.com' } }, [expect.stringContaining('server.url')]],
])('an assistant with %s is refused', async (_what, body, message) => {
  const simulator = await start();
  const answer = await vapi(simulator, '/assistant', { body });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ message, error: 'Bad Request', statusCode: 400 });
});

test('a wrong key, an unknown id and an unknown path are refused in the vendor words', async () => {
  const simulator = await start();
  const unknown = '00000000-0000-4000-8000-000000000000';
  expect((await vapi(simulator, '/assistant', { key: 'wrong' })).status).toBe(401);
  expect((await vapi(simulator, `/assistant/${unknown}`)).status).toBe(404);
  expect((await vapi(simulator, '/assistant/not-a-uuid')).status).toBe(400);
  expect((await vapi(simulator, '/settings')).status).toBe(404);
});

test('organisations do not see each other', async () => {
  const simulator = await start();
  const other = simulator.control.addVapiOrg();
  const list = await vapi(simulator, '/assistant', { key: other.apiKey });
  expect(await list.json()).toEqual([]);
  expect((await vapi(simulator, `/assistant/${simulator.vapi.assistantId}`, { key: other.apiKey })).status).toBe(404);
});

test('an import takes the number over at Twilio but leaves its fallback alone', async () => {
  const simulator = await start();
  const { accountSid, authToken, numbers, baseUrl } = simulator.twilio;
  const body = { provider: 'twilio', number: numbers[0], twilioAccountSid: accountSid, smsEnabled: false };
  const wrong = await vapi(simulator, '/phone-number', { body: { ...body, twilioAuthToken: 'wrong' } });
  expect(wrong.status).toBe(400);
  const made = await vapi(simulator, '/phone-number', { body: { ...body, twilioAuthToken: authToken } });
  expect(made.status).toBe(201);
  const list = await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`, {
    headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
  });
  const { incoming_phone_numbers: found } = (await list.json()) as { incoming_phone_numbers: Record<string, string>[] };
  expect(found.find((number) => number.phone_number === numbers[0])).toMatchObject({
    voice_url: `${simulator.vapi.baseUrl}/twilio/inbound_call`,
    voice_fallback_url: '',
    sms_url: '',
  });
});
