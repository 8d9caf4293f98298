import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startVapiHouse, type VapiHouse } from '../../../test/harness/vapi-house.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';

let house: VapiHouse;
let assistantId: string;

beforeAll(async () => {
  house = await startVapiHouse();
});
afterAll(() => house?.close());
beforeEach(async () => {
  house.simulator.control.clearFaults();
  await house.newTenant();
  assistantId = house.makeAssistant();
});

const PATH = '/api/v1/assistants';
const atVapi = (id = assistantId) => house.org.assistants.find(id) as Record<string, any>;
const get = async (id = assistantId) => (await house.call('GET', `${PATH}/${id}`)).body.assistant;

describe('assistants', () => {
  test('are listed newest first with what a person needs to tell them apart', async () => {
    const second = house.makeAssistant({ name: 'Night' });
    const { status, body } = await house.call('GET', PATH);
    expect(status).toBe(200);
    expect(body.assistants.map((one: any) => one.assistant_id)).toEqual(expect.arrayContaining([assistantId, second]));
    expect(body.assistants.find((one: any) => one.assistant_id === assistantId)).toMatchObject({
      name: 'Front desk',
      default: true,
      prompt: 'You answer calls.',
      connected: false,
      deleted_at: null,
      model: {
        provider: 'openai',
        model: 'gpt-4.1',
      },
      voice: {
        provider: '11labs',
        voice_id: 'sarah',
      },
    });
    const page = (await house.call('GET', `${PATH}?limit=1`)).body;
    const rest = (await house.call('GET', `${PATH}?limit=1&cursor=${page.next_cursor}`)).body;
    expect(new Set([...page.assistants, ...rest.assistants].map((one: any) => one.assistant_id)).size).toBe(2);
  });

  test('are still listed from the last known copy while Vapi is away', async () => {
    await house.call('GET', PATH);
    house.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503 });
    const other = await house.replica();
    const { body } = await other.call('GET', PATH);
    expect(body).toMatchObject({ stale: true, assistants: [{ assistant_id: assistantId }] });
  });

  test('a new one answers with defaults, is connected to this AVA, and is the default of a tenant that had none', async () => {
    await house.newTenant();
    const { status, body, headers } = await house.call('POST', PATH, { name: 'Reception', prompt: 'Be brief.' });
    expect(status).toBe(201);
    expect(body.assistant).toMatchObject({ name: 'Reception', default: true, prompt: 'Be brief.', connected: true });
    expect(headers.get('etag')).toBe(body.assistant.etag);
    expect(atVapi(body.assistant.assistant_id)).toMatchObject({
      server: {
        url: 'http://127.0.0.1:1/webhooks/vapi',
        headers: { 'X-Vapi-Secret': expect.stringMatching(/^[\w-]{40,}$/) },
        backoffPlan: { type: 'exponential', baseDelaySeconds: 1, excludedStatusCodes: [400, 401, 403, 404] },
      },
      serverMessages: expect.arrayContaining(['status-update', 'end-of-call-report', 'tool-calls']),
      metadata: { ava_tenant: house.caller.tenantId },
    });
    expect(atVapi(body.assistant.assistant_id).server.backoffPlan.maxRetries).toBeGreaterThanOrEqual(5);
    expect((await house.call('GET', '/api/v1/vapi/settings')).body.settings).toHaveLength(6);
  });

  test('a change keeps everything that it does not name', async () => {
    const before = structuredClone(atVapi());
    const { status, body } = await house.call('PUT', `${PATH}/${assistantId}`, {
      name: 'Day desk',
      prompt: 'You are kind.',
      model: { provider: 'openai', model: 'gpt-4.1-mini' },
    });
    expect(status).toBe(200);
    expect(body.assistant).toMatchObject({ name: 'Day desk', prompt: 'You are kind.' });
    expect(atVapi()).toEqual({
      ...before,
      updatedAt: expect.any(String),
      name: 'Day desk',
      model: {
        ...before['model'],
        model: 'gpt-4.1-mini',
        messages: [{ role: 'system', content: 'You are kind.' }],
      },
    });
  });

  test('another provider is chosen without the fields that it would refuse', async () => {
    const change = { model: { provider: 'vapi' }, voice: { provider: 'deepgram', voice_id: 'asteria' } };
    const { status } = await house.call('PATCH', `${PATH}/${assistantId}`, change);
    expect(status).toBe(200);
    expect(atVapi().voice).toEqual({ provider: 'deepgram', voiceId: 'asteria' });
    expect(atVapi().model).toMatchObject({ provider: 'vapi', messages: [{ content: 'You answer calls.' }] });
    const { settings } = (await house.call('GET', '/api/v1/vapi/settings')).body;
    expect(settings.filter((one: any) => !one.available).map((one: any) => one.key)).toEqual([
      'voice_speed',
      'max_tokens',
    ]);
  });

  test('a change of the first message is a version of the greeting, and no drift', async () => {
    await house.call('GET', '/api/v1/vapi/settings');
    await house.call('PATCH', `${PATH}/${assistantId}`, { first_message: 'Hi there' });
    const { versions } = (await house.call('GET', '/api/v1/vapi/settings/greeting_message/history')).body;
    expect(versions).toMatchObject([{ after: 'Hi there' }]);
    expect((await house.call('GET', '/api/v1/vapi/settings/drift')).body.drift).toEqual([]);
  });

  test('a change on the strength of an old copy is refused with what differs', async () => {
    const { etag } = await get();
    await house.call('PATCH', `${PATH}/${assistantId}`, { name: 'One' }, { 'if-match': etag });
    const late = await house.call('PATCH', `${PATH}/${assistantId}`, { name: 'Two' }, { 'if-match': etag });
    expect([late.status, late.body.code]).toEqual([412, 'conflict']);
    expect(late.body.diff).toEqual([{ field: 'name', base: null, current: 'One', yours: 'Two' }]);
    expect(atVapi().name).toBe('One');
  });

  test('a copy has everything but the name', async () => {
    const { status, body } = await house.call('POST', `${PATH}/${assistantId}/duplicate`, {});
    expect(status).toBe(201);
    const copy = atVapi(body.assistant.assistant_id);
    expect(copy).toMatchObject({ name: 'Front desk copy', model: atVapi().model, endCallPhrases: ['goodbye now'] });
    expect(body.assistant.default).toBe(false);
  });

  test('a deleted one can be made again with all it had, its history included', async () => {
    await house.call('PUT', '/api/v1/vapi/settings/temperature', { value: 0.9 });
    const before = structuredClone(atVapi());
    expect((await house.call('DELETE', `${PATH}/${assistantId}`)).status).toBe(200);
    expect(atVapi()).toBeUndefined();
    expect((await house.call('GET', `${PATH}/${assistantId}`)).status).toBe(404);
    const deleted = (await house.call('GET', `${PATH}?deleted=true`)).body.assistants;
    expect(deleted).toMatchObject([{ assistant_id: assistantId, deleted_at: expect.any(String) }]);

    const { status, body } = await house.call('POST', `${PATH}/${assistantId}/restore`);
    expect(status).toBe(201);
    const { model, voice, endCallPhrases, metadata } = atVapi(body.assistant.assistant_id);
    expect({ model, voice, endCallPhrases }).toEqual({
      model: before['model'],
      voice: before['voice'],
      endCallPhrases: before['endCallPhrases'],
    });
    expect(metadata).toMatchObject({ crm: { id: 7 } });
    const { versions } = (await house.call('GET', '/api/v1/vapi/settings/temperature/history')).body;
    expect(versions).toMatchObject([{ after: 0.9, assistant_id: body.assistant.assistant_id }]);
    expect((await house.call('POST', `${PATH}/${assistantId}/restore`)).status).toBe(404);
  });

  test('one that a number still uses is not deleted, and stays', async () => {
    house.org.phoneNumbers.add({ provider: 'twilio', number: '+12025550199', assistantId });
    const { status, body } = await house.call('DELETE', `${PATH}/${assistantId}`);
    expect([status, body.code]).toEqual([422, 'upstream_rejected']);
    expect((await get()).assistant_id).toBe(assistantId);
  });

  test('no secret of a webhook target is kept in the clear', async () => {
    house.org.assistants.patch(assistantId, {
      server: { url: 'https://other.example.test', headers: { 'X-Key': 'very-secret-value' } },
    });
    await house.call('GET', '/api/v1/vapi/settings');
    const row = await house.database.database.asTenant(house.caller.tenantId, (trx) =>
      trx.selectFrom('assistants').selectAll().executeTakeFirstOrThrow(),
    );
    expect(JSON.stringify(row)).not.toContain('very-secret-value');
  });
});

describe('the connection to this AVA', () => {
  test('is made for adopted assistants, mended when it was lost, and left alone when it stands', async () => {
    const other = house.makeAssistant({ name: 'Not adopted' });
    await house.call('GET', '/api/v1/vapi/settings');
    const { tenantId } = house.caller;
    expect(await house.assistants.reassertServers(tenantId)).toBe(1);
    expect((await get()).connected).toBe(true);
    expect(atVapi().metadata).toMatchObject({ crm: { id: 7 }, ava_tenant: tenantId });
    expect(atVapi(other).server).toBeUndefined();
    expect(house.told).toContain(assistantId);
    house.told.length = 0;
    expect(await house.assistants.reassertServers(tenantId)).toBe(0);
    // Open pages ask again for what they are told of: they are told of what is new.
    expect(house.told).toEqual([]);

    house.org.assistants.patch(assistantId, { server: { url: 'https://elsewhere.example.test' } });
    expect(await house.assistants.reassertServers(tenantId)).toBe(1);
    expect(atVapi().server.url).toBe('http://127.0.0.1:1/webhooks/vapi');
    expect((await house.call('GET', '/api/v1/vapi/settings/drift')).body.drift).toEqual([]);
  });
});

describe('the key of the environment', () => {
  test('shows the first tenant what is its own or nobody’s, and others only what is marked as theirs', async () => {
    const shared = await startVapiHouse({ environmentKey: 'environment-key-1' });
    try {
      const org = shared.simulator.control.addVapiOrg({ apiKey: 'environment-key-1' });
      const db = shared.database.database;
      const first = shared.caller;
      const second = await makeCaller(db);
      const grant = (tenantId: string) =>
        shared.credentials.grantEnvironment(tenantId, true, { ...first, name: first.email });
      await shared.credentials.remove('vapi', { actor: { ...first, name: first.email } });
      await grant(first.tenantId);
      await grant(second.tenantId);
      const unmarked = org.assistants.add({ name: 'Unmarked' }).id;
      const theirs = org.assistants.add({ name: 'Theirs', metadata: { ava_tenant: second.tenantId } }).id;
      const idsOf = async (caller: typeof first) => {
        shared.caller = caller;
        const { body } = await shared.call('GET', PATH);
        return body.assistants.map((one: any) => one.assistant_id);
      };
      expect(await idsOf(first)).toEqual([unmarked]);
      expect(await idsOf(second)).toEqual([theirs]);
      expect((await shared.call('GET', `/api/v1/vapi/settings?assistant_id=${unmarked}`)).status).toBe(404);
      expect((await shared.call('PATCH', `${PATH}/${unmarked}`, { name: 'Mine' })).status).toBe(404);
      expect(org.assistants.find(unmarked)?.['name']).toBe('Unmarked');
    } finally {
      await shared.close();
    }
  });
});

describe('stub mode', () => {
  test('settings and assistants are invented, marked, changeable, and Vapi hears nothing', async () => {
    const stub = await startVapiHouse({ isStub: true });
    try {
      const { body } = await stub.call('GET', '/api/v1/vapi/settings');
      expect(body).toMatchObject({ stub: true, stale: false, drift: false });
      expect(body.settings).toHaveLength(6);
      expect(body.settings.every((one: any) => one.stub === true)).toBe(true);
      await stub.call('PUT', '/api/v1/vapi/settings/temperature', { value: 1.1 });
      const other = await stub.replica();
      const again = (await other.call('GET', '/api/v1/vapi/settings/temperature')).body;
      expect(again).toMatchObject({ stub: true, setting: { value: 1.1, version: 1, stub: true } });
      expect((await stub.call('POST', PATH, { name: 'Made up' })).body).toMatchObject({ stub: true });
      expect((await stub.call('GET', PATH)).body.assistants).toHaveLength(2);
      expect(stub.simulator.control.countRequests({ vendor: 'vapi' })).toBe(0);
    } finally {
      await stub.close();
    }
  });
});
