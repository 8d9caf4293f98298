import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { createGuard } from '../../resilience/guard.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { failureTables } from '../failure-tables.ts';
import { createGuardedHttp, type GuardedHttp } from '../http.ts';
import { createVapi, type Vapi, type VapiCredential } from './vapi.ts';

let simulator: Simulator;
let http: GuardedHttp;
let vapi: Vapi;
let credential: VapiCredential;

beforeAll(async () => {
  simulator = await startSimulator();
  const emit = () => {};
  const settings = { ...defaultGuardSettings, breaker: { ...defaultGuardSettings.breaker, enabled: false } };
  const guard = createGuard({ clock: systemClock, random: Math.random, emit, settings });
  guard.upstream('vapi', failureTables.vapi);
  http = createGuardedHttp({ guard, clock: systemClock, emit });
  vapi = createVapi({ http, baseUrl: simulator.vapi.baseUrl });
});
afterAll(async () => {
  await http?.close();
  await simulator?.close();
});
beforeEach(() => {
  simulator.control.clearFaults();
  simulator.control.clearRequests();
  const org = simulator.control.addVapiOrg();
  credential = { key: org.id, tenant: org.id, apiKey: org.apiKey };
});

const asked = () => simulator.control.requests({ vendor: 'vapi' });

describe('Vapi', () => {
  test('a list is read to its end, also where more than a page was made in one moment', async () => {
    const { assistants } = simulator.control.addVapiOrg({ apiKey: 'many' });
    const ids = Array.from({ length: 230 }, (_, index) => assistants.add({ name: `A${index}` }).id);
    const found = await vapi.listAssistants({ ...credential, apiKey: 'many' });
    expect(new Set(found.map((one) => one.id))).toEqual(new Set(ids));
    expect(found).toHaveLength(ids.length);
  });

  test.each(['', '..', 'a/../x', '1234', '%2e%2e'])('the id %j is refused before anything is sent', async (id) => {
    await expect(async () => vapi.getAssistant(credential, id)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(async () => vapi.deleteAssistant(credential, id)).rejects.toMatchObject({ kind: 'invalid' });
    expect(asked()).toHaveLength(0);
  });

  test('fields that AVA does not know come through unchanged', async () => {
    const made = await vapi.createAssistant(credential, { name: 'One', hooks: [{ on: 'call.ending', do: [] }] });
    expect(await vapi.getAssistant(credential, made.id)).toMatchObject({ hooks: [{ on: 'call.ending', do: [] }] });
  });

  test('a call is placed once, whatever happens to the answer', async () => {
    simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503, operation: 'POST /call' });
    await expect(vapi.createCall(credential, { assistantId: credential.key })).rejects.toMatchObject({
      kind: 'upstream',
    });
    expect(asked().filter((one) => one.method === 'POST')).toHaveLength(1);
  });

  test('an answer of another shape is an error, not a surprise further in', async () => {
    simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 200, body: '{"id":7}' });
    const id = '5c1d9e70-1b2a-4c3d-9e8f-7a6b5c4d3e2f';
    await expect(vapi.getAssistant(credential, id)).rejects.toMatchObject({ kind: 'upstream' });
  });

  test.each([
    [400, 'invalid'],
    [401, 'auth'],
    [402, 'billing'],
    [404, 'not_found'],
    [409, 'conflict'],
  ])('%i means %s, and is not asked again', async (status, kind) => {
    simulator.control.addFault({ vendor: 'vapi', kind: 'status', status });
    await expect(vapi.probe(credential)).rejects.toMatchObject({ kind, status });
    expect(asked()).toHaveLength(1);
  });

  test('the address of a recording is told and not followed', async () => {
    simulator.control.addFault({ vendor: 'vapi', kind: 'redirect_inwards', operation: 'GET /call*' });
    const id = '5c1d9e70-1b2a-4c3d-9e8f-7a6b5c4d3e2f';
    expect(await vapi.recordingLocation(credential, id, 'mono-recording')).toMatch(/^http/);
    expect(asked()).toHaveLength(1);
  });

  test('a number is brought in, and changed', async () => {
    const { accountSid, authToken, numbers } = simulator.twilio;
    const made = await vapi.importPhoneNumber(credential, {
      provider: 'twilio',
      number: numbers[0],
      twilioAccountSid: accountSid,
      twilioAuthToken: authToken,
      smsEnabled: false,
    });
    await vapi.patchPhoneNumber(credential, made.id, { name: 'Front' });
    expect(await vapi.listPhoneNumbers(credential)).toMatchObject([{ id: made.id, name: 'Front' }]);
  });
});
