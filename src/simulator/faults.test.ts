import { afterEach, expect, test } from 'vitest';
import type { Fault } from './faults.ts';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator | undefined;
afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
});

async function meet(fault: Omit<Fault, 'vendor'>, init: RequestInit = {}): Promise<Response> {
  simulator ??= await startSimulator();
  simulator.control.addFault({ vendor: 'vapi', ...fault });
  return await ask(simulator, init);
}

function ask({ vapi }: Simulator, init: RequestInit = {}, path = '/assistant?limit=1'): Promise<Response> {
  return fetch(vapi.baseUrl + path, {
    ...init,
    headers: { authorization: `Bearer ${vapi.apiKey}`, ...(init.headers as Record<string, string>) },
  });
}

test('a status comes in the vendor words, with the Retry-After that was asked for', async () => {
  const answer = await meet({ kind: 'status', status: 429, retryAfter: '7' });
  expect(answer.status).toBe(429);
  expect(answer.headers.get('retry-after')).toBe('7');
  expect(await answer.json()).toMatchObject({ statusCode: 429 });
});

test('a refused vendor refuses the connection, comes back on the same port, and harms no other vendor', async () => {
  simulator = await startSimulator();
  const id = simulator.control.addFault({ vendor: 'vapi', kind: 'refused' });
  await expect.poll(() => ask(simulator as Simulator).then(String, codeOf)).toBe('ECONNREFUSED');
  const { baseUrl, accountSid } = simulator.twilio;
  expect((await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}.json`)).status).toBe(401);
  simulator.control.removeFault(id);
  await expect.poll(() => ask(simulator as Simulator).then((answer) => answer.status, codeOf)).toBe(200);
});

test.each(['reset', 'half_close'] as const)('%s closes the connection without an answer', async (kind) => {
  await expect(meet({ kind })).rejects.toThrow('fetch failed');
});

test.each(['closed_mid_body', 'content_length_too_long'] as const)('%s breaks off in the middle', async (kind) => {
  const answer = await meet({ kind });
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

test('a malformed body and an HTML page come with status 200', async () => {
  const malformed = await meet({ kind: 'malformed_json', count: 1 });
  expect(malformed.status).toBe(200);
  await expect(malformed.json()).rejects.toThrow();
  const page = await meet({ kind: 'html', count: 1 });
  expect(page.headers.get('content-type')).toBe('text/html');
});

test('a huge body is as long as it says, and is valid JSON', async () => {
  const answer = await meet({ kind: 'huge_body' });
  let bytes = 0;
  for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
  expect(bytes).toBe(Number(answer.headers.get('content-length')));
});

test.each(['endless_body', 'drip'] as const)('%s never ends', async (kind) => {
  const stop = new AbortController();
  const answer = await meet({ kind }, { signal: stop.signal });
  const reader = answer.body?.getReader();
  for (let chunk = 0; chunk < 2; chunk++) expect((await reader?.read())?.done).toBe(false);
  stop.abort();
});

test('a redirect points to an address inside the network', async () => {
  const answer = await meet({ kind: 'redirect_inwards' }, { redirect: 'manual' });
  expect(answer.headers.get('location')).toContain('169.254.169.254');
});

test('a fault after the work leaves its effect behind', async () => {
  simulator = await startSimulator();
  simulator.control.addFault({ vendor: 'vapi', kind: 'reset', when: 'after', operation: 'POST /assistant' });
  const init = { method: 'POST', body: '{"name":"Ghost"}', headers: { 'content-type': 'application/json' } };
  await expect(ask(simulator, init, '/assistant')).rejects.toThrow();
  const found = (await (await ask(simulator)).json()) as { name: string }[];
  expect(found[0]?.name).toBe('Ghost');
  expect(simulator.control.countRequests({ vendor: 'vapi', operation: 'POST /assistant' })).toBe(1);
});

test('a fault ends after its count, and hits only the operation and the credential that it names', async () => {
  simulator = await startSimulator();
  const other = simulator.control.addVapiOrg();
  const fault = { vendor: 'vapi', kind: 'status', status: 500 } as const;
  simulator.control.addFault({ ...fault, operation: 'GET /assistant', credential: simulator.vapi.apiKey, count: 2 });
  const statuses = [];
  for (let round = 0; round < 3; round++) statuses.push((await ask(simulator)).status);
  expect(statuses).toEqual([500, 500, 200]);
  simulator.control.addFault({ ...fault, credential: other.apiKey });
  expect((await ask(simulator)).status).toBe(200);
});

test('the ledger masks keys and tokens', async () => {
  simulator = await startSimulator();
  const body = JSON.stringify({ provider: 'twilio', number: '+1', twilioAuthToken: 'a-very-secret-token' });
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  await ask(simulator, init, '/phone-number');
  const written = JSON.stringify(simulator.control.requests());
  expect(written).not.toContain(simulator.vapi.apiKey);
  expect(written).not.toContain('a-very-secret-token');
});

function codeOf(error: Error & { cause?: { code?: string } }): string {
  return error.cause?.code ?? error.message;
}
