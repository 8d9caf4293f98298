import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/harness/until.ts';
import { startVapiHouse, type VapiHouse } from '../../../test/harness/vapi-house.ts';

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

const SETTINGS = '/api/v1/vapi/settings';
const read = async (key: string) => (await house.call('GET', `${SETTINGS}/${key}`)).body.setting;
const put = (key: string, value: unknown, headers?: Record<string, string>) =>
  house.call('PUT', `${SETTINGS}/${key}`, { value }, headers);
const atVapi = () => house.org.assistants.find(assistantId) as Record<string, any>;

describe('reading settings', () => {
  test('the six standard settings come from the assistant at Vapi', async () => {
    const { status, body } = await house.call('GET', SETTINGS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ assistant_id: assistantId, stale: false, drift: false });
    expect(Object.fromEntries(body.settings.map((one: any) => [one.key, one.value]))).toEqual({
      greeting_message: 'Good morning, how can I help?',
      max_call_duration: 900,
      voice_speed: 1,
      temperature: 0.3,
      max_tokens: 250,
      enable_transcription: true,
    });
    expect(body.settings.find((one: any) => one.key === 'voice_speed')).toMatchObject({ min: 0.7, max: 1.2 });
  });

  test('a tenant without an assistant has an empty list', async () => {
    await house.newTenant();
    const { status, body } = await house.call('GET', SETTINGS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ settings: [], assistant_id: null });
  });

  test('of several assistants the oldest is the default until a person chooses another', async () => {
    const second = house.makeAssistant({ name: 'Night' });
    expect((await house.call('GET', SETTINGS)).body.assistant_id).toBe(assistantId);
    await house.call('PUT', `/api/v1/assistants/${second}`, { default: true });
    expect((await house.call('GET', SETTINGS)).body.assistant_id).toBe(second);
    expect((await house.call('GET', `${SETTINGS}?assistant_id=${assistantId}`)).body.assistant_id).toBe(assistantId);
  });

  test('a second read asks Vapi nothing', async () => {
    // The news of the new key may still be on its way and make AVA look once more.
    await until('a read comes from memory', async () => {
      house.simulator.control.clearRequests();
      await house.call('GET', SETTINGS);
      return house.simulator.control.countRequests({ vendor: 'vapi' }) === 0;
    });
  });

  test('a tenant without a key is told to enter one', async () => {
    const { tenantId, userId, email } = house.caller;
    await house.credentials.remove('vapi', { actor: { tenantId, userId, name: email } });
    const { status, body } = await house.call('GET', SETTINGS);
    expect([status, body.code]).toEqual([409, 'vapi_not_configured']);
  });

  test('a rejected key is told, whatever copy there is', async () => {
    await house.call('GET', SETTINGS);
    house.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 401 });
    house.clock.push(61_000);
    const { status, body } = await house.call('GET', SETTINGS);
    expect([status, body.code]).toEqual([401, 'vapi_credentials_rejected']);
    expect(body.detail).toContain('Settings → Vapi');
  });

  test('while Vapi is away the last known copy is served as stale, also by a replica that never saw it', async () => {
    await house.call('GET', SETTINGS);
    await put('temperature', 0.7);
    house.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503 });
    const other = await house.replica();
    const { status, body } = await other.call('GET', SETTINGS);
    expect(status).toBe(200);
    expect(body.stale).toBe(true);
    expect(Date.parse(body.as_of)).toBeGreaterThan(0);
    expect(body.settings.find((one: any) => one.key === 'temperature').value).toBe(0.7);
  });
});

describe('changing a setting', () => {
  test.each([
    ['greeting_message', 'Welcome!', { firstMessage: 'Welcome!' }],
    ['max_call_duration', 120, { maxDurationSeconds: 120 }],
    ['voice_speed', 1.1, { voice: { provider: '11labs', voiceId: 'sarah', speed: 1.1, stability: 0.4 } }],
    ['temperature', 1.5, { model: { provider: 'openai', temperature: 1.5, toolIds: expect.any(Array) } }],
    ['max_tokens', 500, { model: { maxTokens: 500, messages: [{ role: 'system', content: 'You answer calls.' }] } }],
    [
      'enable_transcription',
      false,
      { artifactPlan: { recordingFormat: 'mp3', transcriptPlan: { enabled: false, userName: 'Caller' } } },
    ],
  ])('%s arrives at Vapi and nothing else is lost', async (key, value, expected) => {
    const before = structuredClone(atVapi());
    const { status, body, headers } = await put(key, value);
    expect(status).toBe(200);
    expect(body.setting).toMatchObject({ key, value, version: 1, updated_by: house.caller.email });
    expect(headers.get('etag')).toBe(body.setting.etag);
    expect(atVapi()).toMatchObject(expected);
    const changed = new Set([...Object.keys(expected), 'updatedAt']);
    for (const [name, member] of Object.entries(before)) if (!changed.has(name)) expect(atVapi()[name]).toEqual(member);
    expect((await read(key)).value).toBe(value);
  });

  test.each<[string, unknown]>([
    ['greeting_message', ''],
    ['greeting_message', 'x'.repeat(201)],
    ['max_call_duration', 59],
    ['max_call_duration', 3601],
    ['max_call_duration', 60.5],
    ['voice_speed', 0.6],
    ['voice_speed', 1.21],
    ['temperature', 2.1],
    ['max_tokens', 1001],
    ['enable_transcription', 'yes'],
    ['history', 1],
    ['Not_A_Key', 1],
    ['note', 'x'.repeat(8191)],
  ])('%s is not changed to something out of its range, and Vapi is not written to (%#)', async (key, value) => {
    const before = structuredClone(atVapi());
    const { status, body } = await put(key, value);
    expect(status).toBe(422);
    expect(body.errors[0].message).not.toBe('');
    expect(atVapi()).toEqual(before);
  });

  test('a voice without a speed says so instead of failing', async () => {
    house.org.assistants.patch(assistantId, { voice: { provider: 'deepgram', voiceId: 'asteria' } });
    expect(await read('voice_speed')).toMatchObject({ available: false, value: null });
    const { status, body } = await put('voice_speed', 1);
    expect(status).toBe(422);
    expect(body.errors[0].message).toContain('deepgram');
  });

  test('a cartesia voice keeps its speed one level deeper', async () => {
    house.org.assistants.patch(assistantId, {
      voice: { provider: 'cartesia', voiceId: 'a', model: 'sonic-3', generationConfig: { volume: 1 } },
    });
    expect((await put('voice_speed', 0.8)).status).toBe(200);
    expect(atVapi().voice).toMatchObject({ generationConfig: { volume: 1, speed: 0.8 } });
    expect(atVapi().voice).not.toHaveProperty('speed');
  });

  test('a custom setting is kept in the assistant beside other metadata, and removed again', async () => {
    expect((await put('opening_hours', { mon: ['9-17'] })).status).toBe(200);
    expect(atVapi().metadata).toEqual({ crm: { id: 7 }, ava_settings: { opening_hours: { mon: ['9-17'] } } });
    expect((await house.call('DELETE', `${SETTINGS}/opening_hours`)).body).toMatchObject({ setting: null });
    expect(atVapi().metadata).toEqual({ crm: { id: 7 }, ava_settings: {} });
    expect((await house.call('GET', `${SETTINGS}/opening_hours`)).status).toBe(404);
    expect((await house.call('DELETE', `${SETTINGS}/opening_hours`)).status).toBe(404);
  });

  test('deleting a standard setting puts it back to its default', async () => {
    await put('max_call_duration', 120);
    const { body } = await house.call('DELETE', `${SETTINGS}/max_call_duration`);
    expect(body.setting).toMatchObject({ value: 600, version: 2 });
    expect(atVapi().maxDurationSeconds).toBe(600);
  });

  test('only a viewer may not change anything', async () => {
    house.caller = { ...house.caller, role: 'viewer' };
    expect((await house.call('GET', SETTINGS)).status).toBe(200);
    expect((await put('temperature', 1)).status).toBe(403);
  });
});

describe('two people at once', () => {
  test('the second one is told what the first one did, field by field', async () => {
    const { etag } = await read('temperature');
    const first = await put('temperature', 0.9, { 'if-match': etag });
    const second = await put('temperature', 0.1, { 'if-match': etag });
    expect(first.status).toBe(200);
    expect([second.status, second.body.code]).toEqual([412, 'conflict']);
    expect(second.body.current).toMatchObject({
      value: 0.9,
      etag: first.body.setting.etag,
      updated_by: house.caller.email,
    });
    expect(second.body.diff).toEqual([{ field: 'value', base: 0.3, current: 0.9, yours: 0.1 }]);
    expect(atVapi().model.temperature).toBe(0.9);
  });

  test('what somebody changed in Vapi counts as a change too', async () => {
    const { etag } = await read('temperature');
    house.org.assistants.patch(assistantId, { model: { ...atVapi().model, temperature: 1.2 } });
    const { status, body } = await put('temperature', 0.1, { 'if-match': etag });
    expect(status).toBe(412);
    expect(body.current.value).toBe(1.2);
  });

  test('a custom value is compared member by member', async () => {
    const made = (await put('hours', { mon: 1, tue: { open: 2 } })).body.setting;
    await put('hours', { mon: 5, tue: { open: 2 } });
    const { body } = await put('hours', { mon: 1, tue: { open: 9 } }, { 'if-match': made.etag });
    expect(body.diff).toEqual([
      { field: 'value.mon', base: 1, current: 5, yours: 1 },
      { field: 'value.tue.open', base: 2, current: 2, yours: 9 },
    ]);
  });

  test('If-Match * means that it must exist', async () => {
    expect((await put('temperature', 1, { 'if-match': '*' })).status).toBe(200);
    const { status, body } = await put('never_made', 1, { 'if-match': '*' });
    expect([status, body.current]).toEqual([412, { value: null, etag: null, updated_at: null, updated_by: null }]);
    expect((await put('temperature', 1, { 'if-match': 'no-quotes' })).status).toBe(400);
  });

  test('changes of several people at the same time all arrive, over two replicas', async () => {
    const other = await house.replica();
    const changes = [
      put('temperature', 0.11),
      other.call('PUT', `${SETTINGS}/max_tokens`, { value: 111 }),
      put('first_key', 1),
      other.call('PUT', `${SETTINGS}/second_key`, { value: 2 }),
      put('voice_speed', 0.9),
    ];
    expect((await Promise.all(changes)).map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(atVapi()).toMatchObject({
      model: { temperature: 0.11, maxTokens: 111 },
      voice: { speed: 0.9 },
      metadata: { ava_settings: { first_key: 1, second_key: 2 } },
    });
    const { body } = await other.call('GET', `${SETTINGS}/history`);
    expect(body.versions).toHaveLength(5);
  });

  test('another replica reads a change at once', async () => {
    const other = await house.replica();
    await other.call('GET', SETTINGS);
    for (const value of [0.2, 0.4, 0.6]) {
      await put('temperature', value);
      await expect
        .poll(async () => (await other.call('GET', `${SETTINGS}/temperature`)).body.setting.value)
        .toBe(value);
    }
  });
});

describe('history', () => {
  test('every change is a version with who, when, why and what, newest first', async () => {
    await house.call(
      'PUT',
      `${SETTINGS}/temperature`,
      { value: 0.5, reason: 'livelier' },
      { 'x-correlation-id': 'why-1' },
    );
    const { etag } = await read('temperature');
    await put('temperature', 0.6, { 'if-match': etag });
    const { body } = await house.call('GET', `${SETTINGS}/temperature/history`);
    expect(body.next_cursor).toBeNull();
    expect(body.versions).toMatchObject([
      { version: 2, before: 0.5, after: 0.6, checked: true, reason: null, action: 'set' },
      { version: 1, before: 0.3, after: 0.5, checked: false, reason: 'livelier', correlation_id: 'why-1' },
    ]);
    expect(body.versions[0].author).toBe(house.caller.email);
  });

  test('it is paged', async () => {
    for (const value of [1, 2, 3]) await put('counter', value);
    const first = (await house.call('GET', `${SETTINGS}/history?limit=2`)).body;
    const rest = (await house.call('GET', `${SETTINGS}/history?limit=2&cursor=${first.next_cursor}`)).body;
    expect([...first.versions, ...rest.versions].map((one: any) => one.after)).toEqual([3, 2, 1]);
    expect(rest.next_cursor).toBeNull();
  });

  test('any version can be restored, also the value before the first change', async () => {
    await put('temperature', 0.5);
    await put('temperature', 0.6);
    const back = await house.call('POST', `${SETTINGS}/temperature/restore`, { version: 1 });
    expect(back.body.setting).toMatchObject({ value: 0.5, version: 3 });
    await house.call('POST', `${SETTINGS}/temperature/restore`, { version: 0 });
    expect(atVapi().model.temperature).toBe(0.3);
    expect((await house.call('POST', `${SETTINGS}/temperature/restore`, { version: 99 })).status).toBe(404);
  });

  test('a removed custom setting comes back', async () => {
    await put('note', { a: 1 });
    await house.call('DELETE', `${SETTINGS}/note`);
    const { body } = await house.call('POST', `${SETTINGS}/note/restore`, { version: 1 });
    expect(body.setting.value).toEqual({ a: 1 });
    const undone = await house.call('POST', `${SETTINGS}/note/restore`, { version: 2 });
    expect(undone.body.setting).toBeNull();
  });

  test('two versions can be compared: one key inside the value, several keys as they stood', async () => {
    await put('note', { a: 1, b: 2 });
    await put('note', { a: 1, b: 3 });
    await put('temperature', 0.9);
    const { versions } = (await house.call('GET', `${SETTINGS}/history`)).body;
    const [temperature, second, first] = versions;
    const same = (await house.call('GET', `${SETTINGS}/diff?from=${first.id}&to=${second.id}`)).body;
    expect(same.changes).toEqual([{ key: 'note', field: 'value.b', from: 2, to: 3 }]);
    const all = (await house.call('GET', `${SETTINGS}/diff?from=${first.id}&to=${temperature.id}`)).body;
    expect(all.changes).toEqual([
      { key: 'note', field: 'value.b', from: 2, to: 3 },
      { key: 'temperature', field: 'value', from: 0.3, to: 0.9 },
    ]);
  });

  test('another tenant sees nothing of it', async () => {
    await put('note', 1);
    const { versions } = (await house.call('GET', `${SETTINGS}/history`)).body;
    await house.newTenant();
    house.makeAssistant();
    expect((await house.call('GET', `${SETTINGS}/history`)).body.versions).toEqual([]);
    expect((await house.call('GET', `${SETTINGS}/diff?from=${versions[0].id}&to=${versions[0].id}`)).status).toBe(404);
    expect((await house.call('GET', `${SETTINGS}?assistant_id=${assistantId}`)).status).toBe(404);
  });
});
