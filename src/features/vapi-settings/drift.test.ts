import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
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
  await house.call('GET', SETTINGS);
});

const SETTINGS = '/api/v1/vapi/settings';
const atVapi = () => house.org.assistants.find(assistantId) as Record<string, any>;
const put = (key: string, value: unknown) => house.call('PUT', `${SETTINGS}/${key}`, { value });
/** Somebody in Vapi's dashboard; AVA looks again once its copy is old. */
function changeAtVapi(fields: Record<string, unknown>): void {
  house.org.assistants.patch(assistantId, fields);
  house.clock.push(61_000);
}
const drift = async () => (await house.call('GET', `${SETTINGS}/drift`)).body.drift;
const history = async (key: string) => (await house.call('GET', `${SETTINGS}/${key}/history`)).body.versions;
const trouble = (fault: object) => house.simulator.control.addFault({ vendor: 'vapi', ...fault } as never);

describe('what somebody changed at Vapi', () => {
  test('is shown as drift, with both values', async () => {
    changeAtVapi({ model: { ...atVapi().model, temperature: 1.4 }, maxDurationSeconds: 7200 });
    expect(await drift()).toEqual([
      { key: 'max_call_duration', agreed: 900, actual: 7200 },
      { key: 'temperature', agreed: 0.3, actual: 1.4 },
    ]);
    const { body } = await house.call('GET', SETTINGS);
    expect(body.drift).toBe(true);
    expect(body.settings.filter((one: any) => one.drift).map((one: any) => [one.key, one.value])).toEqual([
      ['max_call_duration', 7200],
      ['temperature', 1.4],
    ]);
  });

  test('can be adopted, and is then a version like any other', async () => {
    changeAtVapi({ maxDurationSeconds: 1200 });
    const { status, body } = await house.call('POST', `${SETTINGS}/drift`, { action: 'adopt', reason: 'fine by us' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ handled: [{ key: 'max_call_duration', actual: 1200 }], drift: [] });
    expect(await drift()).toEqual([]);
    expect(await history('max_call_duration')).toMatchObject([
      { action: 'adopted', before: 900, after: 1200, reason: 'fine by us' },
    ]);
  });

  test('can be reverted, key by key', async () => {
    changeAtVapi({ maxDurationSeconds: 1200, firstMessage: 'Hacked' });
    const { body } = await house.call('POST', `${SETTINGS}/drift`, { action: 'revert', keys: ['greeting_message'] });
    expect(body.handled).toHaveLength(1);
    expect(body.drift).toEqual([{ key: 'max_call_duration', agreed: 900, actual: 1200 }]);
    expect(atVapi()).toMatchObject({ firstMessage: 'Good morning, how can I help?', maxDurationSeconds: 1200 });
    await house.call('POST', `${SETTINGS}/drift`, { action: 'revert' });
    expect(atVapi().maxDurationSeconds).toBe(900);
    expect(await history('max_call_duration')).toMatchObject([{ action: 'reverted', before: 1200, after: 900 }]);
  });

  test('a custom setting that was wiped at Vapi is still there, and can be put back', async () => {
    await put('note', { keep: true });
    changeAtVapi({ metadata: {} });
    expect((await house.call('GET', `${SETTINGS}/note`)).body.setting).toMatchObject({
      value: { keep: true },
      drift: true,
    });
    await house.call('POST', `${SETTINGS}/drift`, { action: 'revert' });
    expect(atVapi().metadata.ava_settings).toEqual({ note: { keep: true } });
  });

  test('a change of one setting leaves the drift of another as it is', async () => {
    changeAtVapi({ maxDurationSeconds: 1200 });
    await put('temperature', 0.8);
    expect(await drift()).toEqual([{ key: 'max_call_duration', agreed: 900, actual: 1200 }]);
    expect(atVapi().maxDurationSeconds).toBe(1200);
  });

  test('writing the value that Vapi has already settles the drift', async () => {
    changeAtVapi({ maxDurationSeconds: 1200 });
    expect((await put('max_call_duration', 1200)).body.setting).toMatchObject({ drift: false, version: 1 });
    expect(await history('max_call_duration')).toMatchObject([{ before: 900, after: 1200, action: 'set' }]);
  });

  test('an assistant that vanished at Vapi makes room for the next one', async () => {
    const second = house.makeAssistant({ name: 'Second' });
    house.org.assistants.remove(assistantId);
    house.clock.push(61_000);
    expect((await house.call('GET', SETTINGS)).body.assistant_id).toBe(second);
  });
});

describe('when something breaks in the middle of a change', () => {
  async function asOwner(statement: string): Promise<void> {
    const client = new Client({ connectionString: house.database.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  test('a change that Vapi took and the database did not is found and recorded by the next reader, once', async () => {
    await asOwner(`create function fail_for_test() returns trigger language plpgsql as
      $$ begin raise exception 'away' using errcode = '57P01'; end $$;
      create trigger fail_for_test before insert on setting_versions for each row execute function fail_for_test()`);
    const { status } = await house.call('PUT', `${SETTINGS}/temperature`, { value: 0.9, reason: 'lost?' });
    expect(status).toBe(503);
    expect(atVapi().model.temperature).toBe(0.9);
    await asOwner('drop trigger fail_for_test on setting_versions; drop function fail_for_test()');

    expect((await house.call('GET', `${SETTINGS}/temperature`)).body.setting).toMatchObject({
      value: 0.9,
      version: 1,
      drift: false,
    });
    const versions = await history('temperature');
    expect(versions).toMatchObject([{ before: 0.3, after: 0.9, reason: 'lost?', author: house.caller.email }]);
    const other = await house.replica();
    await other.call('GET', SETTINGS);
    expect(await history('temperature')).toHaveLength(1);
  });

  test('an edit of a process that died is finished by whoever changes the assistant next', async () => {
    const tenant = house.caller.tenantId;
    const change = { id: randomUUID(), key: 'max_call_duration', before: 900, after: 300 };
    const intent = {
      action: 'set',
      author: 'dead@example.test',
      reason: null,
      correlationId: 'dead-1',
      checked: true,
      changes: [change],
      note: {
        action: 'setting.set',
        subject: 'max_call_duration',
        details: {},
      },
    };
    await house.database.database.asTenant(tenant, (trx) =>
      trx
        .insertInto('assistant_edits')
        .values({
          tenant_id: tenant,
          vapi_assistant_id: assistantId,
          token: randomUUID(),
          intent: JSON.stringify(intent),
          expires_at: new Date(Date.now() - 1e3),
        })
        .execute(),
    );
    house.org.assistants.patch(assistantId, { maxDurationSeconds: 300 });
    await put('temperature', 0.8);
    expect(await history('max_call_duration')).toMatchObject([
      { author: 'dead@example.test', correlation_id: 'dead-1', before: 900, after: 300 },
    ]);
    expect(await drift()).toEqual([]);
  });

  test('a change that Vapi took and never answered is recorded once Vapi can be asked', async () => {
    trouble({ kind: 'closed_mid_body', operation: 'PATCH /assistant*', when: 'after' });
    const { status, body } = await put('temperature', 0.9);
    expect([status, body.code]).toEqual([502, 'upstream_failed']);
    house.simulator.control.clearFaults();
    house.clock.push(61_000);
    expect((await house.call('GET', `${SETTINGS}/temperature`)).body.setting).toMatchObject({
      value: 0.9,
      version: 1,
      drift: false,
    });
    expect(await history('temperature')).toMatchObject([{ before: 0.3, after: 0.9 }]);
  });

  test('an answer that broke off once is no trouble at all', async () => {
    trouble({ kind: 'closed_mid_body', operation: 'PATCH /assistant*', when: 'after', count: 1 });
    expect((await put('temperature', 0.9)).body.setting).toMatchObject({ value: 0.9, version: 1 });
  });

  test('a change that Vapi refuses leaves no trace', async () => {
    trouble({ kind: 'status', status: 400, operation: 'PATCH /assistant*', count: 1 });
    expect((await put('temperature', 0.9)).body.code).toBe('upstream_rejected');
    expect(await history('temperature')).toEqual([]);
    expect((await put('temperature', 0.9)).status).toBe(200);
  });

  test('while Vapi is away a change is refused with 5xx, and nothing is recorded', async () => {
    trouble({ kind: 'status', status: 503 });
    const { status, body } = await put('temperature', 0.9);
    expect([502, 503, 504]).toContain(status);
    expect(body.code).toMatch(/^upstream_/);
    house.simulator.control.clearFaults();
    expect(await history('temperature')).toEqual([]);
  });

  test('who waits for another change gets a turn, not an error', async () => {
    trouble({ kind: 'latency', ms: 300, operation: 'PATCH /assistant*' });
    const other = await house.replica();
    const both = [put('temperature', 0.9), other.call('PUT', `${SETTINGS}/max_tokens`, { value: 99 })];
    expect((await Promise.all(both)).map((answer) => answer.status)).toEqual([200, 200]);
    await until('the lease is gone', async () => {
      const rows = await house.database.database.asTenant(house.caller.tenantId, (trx) =>
        trx.selectFrom('assistant_edits').selectAll().execute(),
      );
      return rows.length === 0;
    });
    expect(atVapi().model).toMatchObject({ temperature: 0.9, maxTokens: 99 });
  });
});
