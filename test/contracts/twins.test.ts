/** The vendors' own SDKs work against the twins unchanged, and every answer is as the vendors' documents say. */
import { VapiClient } from '@vapi-ai/server-sdk';
import twilio from 'twilio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { createContractChecker } from './checker.ts';

const checker = createContractChecker();
for (const sentence of checker.leftOut) console.log(`Left out: ${sentence}`);

let simulator: Simulator;
let vapi: VapiClient;
let phones: ReturnType<typeof twilio>;

beforeAll(async () => {
  simulator = await startSimulator({ hooks: checker.hooks, timeScale: 1000 });
  vapi = new VapiClient({ token: simulator.vapi.apiKey, baseUrl: simulator.vapi.baseUrl, maxRetries: 0 });
  phones = twilio(simulator.twilio.accountSid, simulator.twilio.authToken);
  phones.api.baseUrl = simulator.twilio.baseUrl;
});

afterAll(async () => {
  await simulator.close();
  expect(checker.problems().filter(({ side }) => side === 'answer')).toEqual([]);
  expect(checker.seen.answers).toBeGreaterThan(30);
});

test('the Vapi SDK makes, lists, reads, changes and deletes assistants', async () => {
  const made = await vapi.assistants.create({
    name: 'Made by the SDK',
    voice: { provider: 'openai', voiceId: 'alloy', speed: 1.5 },
    model: { provider: 'openai', model: 'gpt-4.1', temperature: 0.2, maxTokens: 300 },
  });
  expect((await vapi.assistants.list({ limit: 1 }))[0]?.id).toBe(made.id);
  const changed = await vapi.assistants.update({ id: made.id, firstMessage: 'Hello' });
  expect(changed).toMatchObject({ name: 'Made by the SDK', firstMessage: 'Hello' });
  expect(await vapi.assistants.get({ id: made.id })).toMatchObject({ voice: { speed: 1.5 } });
  await vapi.assistants.delete({ id: made.id });
  await expect(vapi.assistants.get({ id: made.id })).rejects.toMatchObject({ statusCode: 404 });
});

test('the Vapi SDK pages through a list by time', async () => {
  const made = [];
  for (let index = 0; index < 5; index++) made.push(await vapi.assistants.create({ name: `Page ${index}` }));
  const seen = new Set<string>();
  let before: string | undefined;
  for (;;) {
    const page = await vapi.assistants.list({ limit: 2, ...(before !== undefined && { createdAtLe: before }) });
    const fresh = page.filter(({ id }) => !seen.has(id));
    if (fresh.length === 0) break;
    fresh.forEach(({ id }) => seen.add(id));
    before = page.at(-1)?.createdAt as unknown as string;
  }
  for (const { id } of made) expect(seen.has(id)).toBe(true);
});

test('the Vapi SDK sees refusals as the real ones', async () => {
  const stranger = new VapiClient({ token: 'wrong', baseUrl: simulator.vapi.baseUrl, maxRetries: 0 });
  await expect(stranger.assistants.list()).rejects.toMatchObject({ statusCode: 401 });
  await expect(vapi.assistants.create({ name: 'x'.repeat(41) })).rejects.toMatchObject({
    statusCode: 400,
    body: { message: ['name must be shorter than or equal to 40 characters'] },
  });
});

test('the Vapi SDK imports a number, makes a tool, and places a call that ends with a report', async () => {
  const { accountSid, authToken, numbers } = simulator.twilio;
  const number = await vapi.phoneNumbers.create({
    provider: 'twilio',
    number: numbers[3] ?? '',
    twilioAccountSid: accountSid,
    twilioAuthToken: authToken,
    name: 'London',
    smsEnabled: false,
  });
  const { id: assistantId } = await vapi.assistants.create({ name: 'Caller', firstMessage: 'Hello' });
  await vapi.phoneNumbers.update({ id: number.id, body: { provider: 'twilio', assistantId } });
  expect(await vapi.phoneNumbers.get({ id: number.id })).toMatchObject({ assistantId });
  const tool = await vapi.tools.create({ type: 'function', function: { name: 'find_slot' } });
  expect((await vapi.tools.list({ limit: 10 })).some((one) => one.id === tool.id)).toBe(true);
  const order = { assistantId, phoneNumberId: number.id, customer: { number: '+13035550123' } };
  const call = (await vapi.calls.create(order)) as { id: string };
  await simulator.control.settled();
  const ended = await vapi.calls.get({ id: call.id });
  expect(ended).toMatchObject({ status: 'ended', endedReason: 'customer-ended-call' });
  expect((await vapi.calls.list({ limit: 5 }))[0]?.id).toBe(call.id);
  const recording = await fetch(`${simulator.vapi.baseUrl}/call/${call.id}/mono-recording`, {
    headers: { authorization: `Bearer ${simulator.vapi.apiKey}` },
  });
  expect(recording.headers.get('content-type')).toBe('audio/wav');
  await vapi.phoneNumbers.delete({ id: number.id });
  await vapi.tools.delete({ id: tool.id });
});

test('the list of numbers that has pages has a total', async () => {
  const answer = await fetch(`${simulator.vapi.baseUrl}/v2/phone-number?page=1&limit=1`, {
    headers: { authorization: `Bearer ${simulator.vapi.apiKey}` },
  });
  expect(await answer.json()).toMatchObject({ metadata: { itemsPerPage: 1, currentPage: 1 } });
});

test('the Twilio SDK follows the pages of numbers, changes one, buys and gives back one', async () => {
  const page = await phones.incomingPhoneNumbers.page({ pageSize: 3 });
  expect(page.instances).toHaveLength(3);
  const found = await phones.incomingPhoneNumbers.list({ pageSize: 2, limit: 100 });
  expect(found.map(({ phoneNumber }) => phoneNumber).toSorted()).toEqual(simulator.twilio.numbers.toSorted());
  const sid = found[0]?.sid ?? '';
  const changed = await phones.incomingPhoneNumbers(sid).update({ voiceUrl: 'https://ava.example.test/voice#rc=1' });
  expect(changed.voiceUrl).toBe('https://ava.example.test/voice#rc=1');
  const offered = await phones.availablePhoneNumbers('US').local.list({ areaCode: 415, limit: 1 });
  const bought = await phones.incomingPhoneNumbers.create({ phoneNumber: offered[0]?.phoneNumber ?? '' });
  expect(await phones.incomingPhoneNumbers(bought.sid).remove()).toBe(true);
  await expect(phones.incomingPhoneNumbers(bought.sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
});

test('the Twilio SDK reads account and balance, calls and writes', async () => {
  const account = await phones.api.v2010.accounts(simulator.twilio.accountSid).fetch();
  expect(account).toMatchObject({ status: 'active', type: 'Full' });
  expect(await phones.balance.fetch()).toMatchObject({ currency: 'USD' });
  const from = simulator.twilio.numbers[0] ?? '';
  const call = await phones.calls.create({ to: '+13035550123', from, twiml: '<Response><Say>Hello</Say></Response>' });
  expect(call.status).toBe('queued');
  const message = await phones.messages.create({ to: '+13035550123', from, body: 'Hello' });
  await simulator.control.settled();
  await expect.poll(async () => (await phones.calls(call.sid).fetch()).status).toBe('completed');
  await expect.poll(async () => (await phones.messages(message.sid).fetch()).status).toBe('delivered');
  expect((await phones.calls.list({ to: '+13035550123', limit: 5 })).length).toBeGreaterThan(0);
  expect((await phones.messages.list({ limit: 5 })).length).toBeGreaterThan(0);
  expect(await phones.recordings.list({ limit: 5 })).toEqual([]);
});

test.each([
  ['calls', { to: '+15005550001', from: '+12025550101', twiml: '<Response/>' }, 21217],
  ['calls', { to: '+15005550003', from: '+12025550101', twiml: '<Response/>' }, 21215],
  ['calls', { to: '+13035550123', from: '+13035550199', twiml: '<Response/>' }, 21210],
  ['messages', { to: '+15005550004', from: '+12025550101', body: 'x' }, 21610],
  ['messages', { to: '+15005550009', from: '+12025550101', body: 'x' }, 21614],
  ['messages', { to: '+13035550123', from: '+15005550007', body: 'x' }, 21606],
  ['incomingPhoneNumbers', { phoneNumber: '+15005550000' }, 21422],
  ['incomingPhoneNumbers', { areaCode: '533' }, 21452],
] as const)('a magic number in %s gives its code', async (resource, params, code) => {
  const create = phones[resource].create.bind(phones[resource]) as (given: object) => Promise<unknown>;
  await expect(create({ ...params })).rejects.toMatchObject({ status: 400, code });
});

test('test credentials reach three operations and nothing else; wrong ones reach none', async () => {
  const test = simulator.control.addTwilioAccount({ isTest: true });
  const client = twilio(test.sid, test.authToken);
  client.api.baseUrl = simulator.twilio.baseUrl;
  const message = await client.messages.create({ to: '+13035550123', from: '+15005550006', body: 'x' });
  expect(message.sid).toMatch(/^SM/);
  await expect(client.incomingPhoneNumbers.list({ limit: 1 })).rejects.toMatchObject({ status: 403, code: 20008 });
  const wrong = twilio(simulator.twilio.accountSid, 'wrong');
  wrong.api.baseUrl = simulator.twilio.baseUrl;
  await expect(wrong.calls.list({ limit: 1 })).rejects.toMatchObject({ status: 401, code: 20003 });
});
