import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFrontDoor, openStreet, point, type Street, vapi, vapiMessages } from '../../../test/contracts/street.ts';

let street: Street;
beforeEach(async () => {
  street = await openStreet();
  await openFrontDoor(street);
});
afterEach(() => street.close());

const call = (script = {}) => street.simulator.control.placeCall({ to: street.number, from: '+13035550111', script });

test('an assistant talks with the caller, and reports it to its server', async () => {
  const result = await call({ says: ['Are you open today?'] });
  await street.simulator.control.settled();
  expect(result).toMatchObject({ outcome: 'ai', heardError: false, vapiCallIds: [expect.any(String)] });
  const messages = vapiMessages(street.house);
  const statuses = messages.filter(({ type }) => type === 'status-update').map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(['ended', 'in-progress', 'ringing']);
  const report = messages.find(({ type }) => type === 'end-of-call-report');
  expect(report).toMatchObject({
    endedReason: 'customer-ended-call',
    artifact: { transcript: expect.stringContaining('User: Are you open today?') },
  });
  const stored = await vapi(street.simulator, 'GET', `/call/${result.vapiCallIds[0]}`);
  expect(stored).toMatchObject({ status: 'ended', phoneCallProviderId: result.callSid });
  expect(street.house.at('/vapi').every(({ headers }) => headers['x-vapi-secret'] === 'sesame')).toBe(true);
});

test('a webhook that fails comes again as its back-off plan says, and not for an excluded status', async () => {
  street.house.on('/vapi', () => ({ status: 500 }));
  await call({ says: [] });
  await street.simulator.control.settled();
  const tries = vapiMessages(street.house).filter(({ type }) => type === 'end-of-call-report');
  expect(tries).toHaveLength(6);
  street.house.on('/vapi', () => ({ status: 401 }));
  const before = street.house.at('/vapi').length;
  await call({ says: [] });
  await street.simulator.control.settled();
  const refused = vapiMessages(street.house).slice(before);
  expect(refused.filter(({ type }) => type === 'end-of-call-report')).toHaveLength(1);
});

test('a tool call waits for its answer, and the caller hears it', async () => {
  street.house.on('/vapi', ({ body }) => {
    const { message } = JSON.parse(body) as { message: { type: string; toolCallList?: { id: string }[] } };
    const id = message.toolCallList?.[0]?.id;
    const results = [{ toolCallId: id, name: 'find_slot', result: 'Half past nine is free.' }];
    return { type: 'application/json', body: message.type === 'tool-calls' ? JSON.stringify({ results }) : '{}' };
  });
  const result = await call({ says: ['Any slot?'], toolCalls: [{ name: 'find_slot', arguments: { day: 'Friday' } }] });
  expect(result.transcriptOfWhatTheCallerHeard).toContainEqual(
    expect.objectContaining({ kind: 'ai', text: expect.stringContaining('Half past nine is free.') }),
  );
});

test('when the sound dies the verb after Connect runs, and the call can be rescued', async () => {
  street.house.on('/after', '<Response><Dial><Number>+13035550001</Number></Dial></Response>');
  const result = await call({ aiDiesAfterSeconds: 2 });
  await street.simulator.control.settled();
  expect(result).toMatchObject({ outcome: 'person', heardError: false });
  const stored = await vapi(street.simulator, 'GET', `/call/${result.vapiCallIds[0]}`);
  expect(stored.endedReason).toContain('vapifault');
});

test('an outage refuses new calls and drops those that are on', async () => {
  const running = call({ says: Array.from({ length: 500 }, () => 'And another thing, and one more.') });
  await expect.poll(() => vapiMessages(street.house).some(({ type }) => type === 'transcript')).toBe(true);
  street.simulator.control.outage({ vendor: 'vapi', dropsLiveCalls: true });
  expect((await running).problems).toContainEqual(expect.objectContaining({ code: 31_921 }));
  expect((await call()).outcome).toBe('sentence');
});

test('a stream address is good once', async () => {
  const { simulator, house, number } = street;
  const { phoneCallProviderDetails: details } = await bypassCall();
  const { twiml } = details as { twiml: string };
  house.on('/voice', twiml);
  const control = simulator.control;
  expect((await control.placeCall({ to: number })).outcome).toBe('ai');
  expect((await control.placeCall({ to: number })).problems).toMatchObject([{ code: 31_920 }]);
});

test('a call that nobody connects is given up with its own reason', async () => {
  const made = await bypassCall();
  await expect
    .poll(async () => (await vapi(street.simulator, 'GET', `/call/${made.id}`)).endedReason, { timeout: 10_000 })
    .toBe('phone-call-provider-bypass-enabled-but-no-call-received');
});

test('a number that points straight at Vapi is answered by it; without an assistant its server is asked', async () => {
  const { simulator, house } = street;
  const [number] = (await vapi(simulator, 'GET', '/phone-number')) as unknown as { id: string }[];
  await point(street, { VoiceUrl: `${simulator.vapi.baseUrl}/twilio/inbound_call` });
  house.on('/asked', () => ({
    type: 'application/json',
    body: JSON.stringify({ assistantId: simulator.vapi.assistantId }),
  }));
  await vapi(simulator, 'PATCH', `/phone-number/${number?.id}`, { server: { url: `${house.url}/asked` } });
  expect((await call()).outcome).toBe('ai');
  expect(house.at('/asked')).not.toHaveLength(0);
  house.on('/asked', () => ({ type: 'application/json', body: '{"error":"We are closed today."}' }));
  expect((await call()).outcome).toBe('sentence');
});

test('a credential signs webhooks with HMAC over time stamp and body', async () => {
  const { simulator, house } = street;
  const credential = await vapi(simulator, 'POST', '/credential', {
    provider: 'custom-credential',
    name: 'signing',
    authenticationPlan: { type: 'hmac', secretKey: 'open', algorithm: 'sha256', signaturePrefix: 'sha256=' },
  });
  expect(JSON.stringify(credential)).not.toContain('"open"');
  await vapi(simulator, 'PATCH', `/assistant/${simulator.vapi.assistantId}`, {
    server: { url: `${house.url}/signed`, credentialId: credential.id },
  });
  await call();
  await simulator.control.settled();
  const [got] = house.at('/signed');
  const expected = createHmac('sha256', 'open')
    .update(`${String(got?.headers['x-timestamp'])}.${got?.body}`)
    .digest('hex');
  expect(got?.headers['x-signature']).toBe(`sha256=${expected}`);
});

test('webhooks can be lost and repeated on purpose', async () => {
  street.simulator.control.troubleWebhooks({ lost: 1 });
  await call();
  await street.simulator.control.settled();
  expect(street.house.at('/vapi')).toHaveLength(0);
  street.simulator.control.troubleWebhooks({ repeated: 1 });
  await call({ says: [] });
  await street.simulator.control.settled();
  const ended = vapiMessages(street.house).filter(({ status }) => status === 'ended');
  expect(ended).toHaveLength(2);
});

test('an outbound call rings the customer, and says why nobody was reached', async () => {
  const [number] = (await vapi(street.simulator, 'GET', '/phone-number')) as unknown as { id: string }[];
  const order = { assistantId: street.simulator.vapi.assistantId, phoneNumberId: number?.id };
  const reached = await vapi(street.simulator, 'POST', '/call', { ...order, customer: { number: '+13035550001' } });
  street.simulator.control.setPerson('+13035550002', { answers: 'busy' });
  const busy = await vapi(street.simulator, 'POST', '/call', { ...order, customer: { number: '+13035550002' } });
  await street.simulator.control.settled();
  expect(await vapi(street.simulator, 'GET', `/call/${reached.id}`)).toMatchObject({
    endedReason: 'customer-ended-call',
  });
  expect(await vapi(street.simulator, 'GET', `/call/${busy.id}`)).toMatchObject({ endedReason: 'customer-busy' });
});

test('more calls than there are slots are refused', async () => {
  const other = street.simulator.control.addVapiOrg({ concurrencyLimit: 0 });
  const { baseUrl } = street.simulator.vapi;
  const headers = { authorization: `Bearer ${other.apiKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({
    assistant: { name: 'x' },
    phoneNumber: { twilioPhoneNumber: '+12025550101', twilioAccountSid: 'AC' },
    customer: { number: '+13035550001' },
  });
  const answer = await fetch(`${baseUrl}/call`, { method: 'POST', headers, body });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('Over Concurrency Limit');
});

async function bypassCall(): Promise<Record<string, unknown>> {
  const [number] = (await vapi(street.simulator, 'GET', '/phone-number')) as unknown as { id: string }[];
  return await vapi(street.simulator, 'POST', '/call', {
    assistantId: street.simulator.vapi.assistantId,
    phoneNumberId: number?.id,
    customer: { number: '+13035550111' },
    phoneCallProviderBypassEnabled: true,
  });
}
