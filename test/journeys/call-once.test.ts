import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess({ env: { CIRCUIT_BREAKER_ENABLED: 'false' } });
});
afterAll(() => house.stop());

const inTenant = <T>(work: Parameters<typeof house.deps.db.asTenant<T>>[1]) =>
  house.deps.db.asTenant(house.tenantId, work);
const countCalls = async () => {
  const row = await inTenant((trx) =>
    trx
      .selectFrom('calls')
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirstOrThrow(),
  );
  return Number(row.n);
};

const ORDERS = 40 * testScale();

describe('an outbound call', () => {
  it(
    'is placed once although Vapi knows no idempotency and its answers are lost',
    { timeout: 180_000 * testScale() },
    async () => {
      const { control } = house.simulator;
      const { placing, callRules } = house.deps;
      const actor = { tenantId: house.tenantId, userId: house.userId, name: 'test' };
      await callRules.putLimits(actor, {
        countries: ['US'],
        calls_per_user_per_day: 1_000,
        calls_per_tenant_per_day: 1_000,
      });
      for (let index = 0; index < ORDERS; index += 1) {
        control.clearFaults('vapi');
        const damage = [
          undefined,
          { kind: 'reset', when: 'after' },
          { kind: 'reset', when: 'before' },
          { kind: 'closed_mid_body', when: 'after' },
        ][index % 4];
        if (damage !== undefined)
          control.addFault({ vendor: 'vapi', operation: 'POST /call', count: 1, ...damage } as never);
        const call = await placing.place({
          tenantId: house.tenantId,
          userId: house.userId,
          input: { to: `+1202555${String(1000 + index)}` },
          idempotencyKey: randomUUID(),
        });
        expect(['placing', 'queued', 'ringing', 'in_progress', 'ended']).toContain(call.status);
      }
      control.clearFaults('vapi');
      // Three rounds at the same orders, as three replicas may be where one of them is slow.
      const settle = () => Promise.all([placing.settle(0), placing.settle(0), placing.settle(0)]);
      await until(
        'every order is settled',
        async () => (await settle()).every((open) => open === 0),
        15_000 * testScale(),
      );
      const listed = await house.deps.vapi.listCalls((await house.deps.vapiOf(house.tenantId))!, {});
      const numbers = listed
        .map((call) => String(call.customer?.['number']))
        .filter((one) => one.startsWith('+12025551'));
      const twice = numbers.length - new Set(numbers).size;
      const effects = await inTenant((trx) =>
        trx.selectFrom('effects').select('state').where('kind', '=', 'call.place').execute(),
      );
      const unknown = effects.filter((effect) => effect.state !== 'done').length;
      const never = ORDERS - new Set(numbers).size;
      printResult({
        id: 'R17',
        value: `${twice}; ${unknown}; ${never}`,
        unit: 'twice; unknown; never',
        goal: '0; 0; 0',
        floor: '0; 2; 0',
        pass: twice + unknown + never === 0,
        n: ORDERS,
      });
      expect({ twice, unknown, never }).toEqual({ twice: 0, unknown: 0, never: 0 });
      expect(await countCalls()).toBe(ORDERS);
    },
  );

  it('takes the last one of the budget once, however many ask for it at once', async () => {
    const { placing, callRules } = house.deps;
    const actor = { tenantId: house.tenantId, userId: house.userId, name: 'test' };
    await callRules.putLimits(actor, {
      countries: ['US'],
      calls_per_user_per_day: ORDERS + 5,
      calls_per_tenant_per_day: 1_000,
    });
    const before = house.simulator.control.countRequests({ vendor: 'vapi', operation: 'POST /call' });
    const orders = Array.from({ length: 30 }, (_, index) =>
      placing
        .place({
          tenantId: house.tenantId,
          userId: house.userId,
          input: { to: `+1202556${1000 + index}` },
          idempotencyKey: undefined,
        })
        .then(
          () => 'placed',
          (error) => error.code,
        ),
    );
    const outcomes = await Promise.all(orders);
    const placed = outcomes.filter((one) => one === 'placed').length;
    const premium = [
      '+19005550100',
      '+18765550100',
      '+4490055501',
      '+447012345678',
      '+882161234567',
      '+33899123456',
      '+5350123456',
    ];
    const refused = await Promise.all(
      premium.map((to) =>
        placing
          .place({ tenantId: house.tenantId, userId: house.userId, input: { to }, idempotencyKey: undefined })
          .catch((error) => error.code),
      ),
    );
    const dialled = house.simulator.control.countRequests({ vendor: 'vapi', operation: 'POST /call' }) - before;
    printResult({
      id: 'S22',
      value: `${dialled - 5}; ${premium.length - refused.filter((code) => code === 'destination_not_allowed').length}`,
      unit: 'beyond limits; premium',
      goal: '0; 0',
      floor: '0; 0',
      pass: dialled === 5,
      n: 30 + premium.length,
    });
    expect(new Set(outcomes)).toEqual(new Set(['placed', 'call_budget_used_up']));
    expect([placed, dialled]).toEqual([5, 5]);
    expect(outcomes.filter((one) => one === 'call_budget_used_up')).toHaveLength(25);
    expect(new Set(refused)).toEqual(new Set(['destination_not_allowed']));
  });
});

describe('a message of a vendor', () => {
  it('is one row and one effect although it comes fifty times at once', async () => {
    const params = {
      CallSid: `CA${'a'.repeat(32)}`,
      From: '+12025550150',
      To: house.number,
      CallStatus: 'completed',
      SequenceNumber: '0',
      Direction: 'inbound',
      CallDuration: '12',
    };
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await house.twilio('status', params)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([204]));
    const rows = await inTenant((trx) =>
      trx.selectFrom('webhook_events').select('id').where('twilio_call_sid', '=', params.CallSid).execute(),
    );
    const facts = await until('it is applied', async () => {
      const found = await inTenant((trx) =>
        trx.selectFrom('call_events').selectAll().where('key', 'like', `%${params.CallSid}%`).execute(),
      );
      return found.length > 0 ? found : undefined;
    });
    printResult({
      id: 'R18',
      value: `${rows.length}; ${facts.length}`,
      unit: 'rows; effects',
      goal: '1; 1',
      floor: '1; 1',
      pass: rows.length === 1 && facts.length === 1,
      n: 50,
    });
    expect([rows.length, facts.length]).toEqual([1, 1]);
  });

  it('of a number that nobody has waits in quarantine, and finds its owner later', async () => {
    const params = {
      CallSid: `CA${'b'.repeat(32)}`,
      From: '+12025550150',
      To: '+12025559999',
      CallStatus: 'completed',
      SequenceNumber: '0',
    };
    expect((await house.twilio('status', params)).status).toBe(204);
    const { webhooks } = await house.deps.inbox.list({ state: 'quarantined', limit: 10 });
    expect(webhooks).toMatchObject([{ tenant_id: null, state: 'quarantined', type: 'status:completed' }]);
    await expect(house.deps.inbox.replay(webhooks[0]!.id)).rejects.toMatchObject({ code: 'webhook_not_replayable' });
    await inTenant((trx) =>
      trx.updateTable('phone_numbers').set({ phone_number: '+12025559999' }).where('sid', '=', house.sid).execute(),
    );
    await house.deps.inbox.replay(webhooks[0]!.id);
    await inTenant((trx) =>
      trx.updateTable('phone_numbers').set({ phone_number: house.number }).where('sid', '=', house.sid).execute(),
    );
    await until('the call is there', () => house.deps.calls.findByVendorId(house.tenantId, params.CallSid));
    expect((await house.deps.inbox.list({ state: 'quarantined', limit: 10 })).webhooks).toEqual([]);
  });
});

describe('calls whose webhooks never came', () => {
  it('are found in the lists of the vendors and completed', { timeout: 120_000 }, async () => {
    const { control } = house.simulator;
    control.troubleWebhooks({ lost: 1 });
    const results = await Promise.all(
      Array.from({ length: 12 }, () => control.placeCall({ to: house.number, script: { says: ['Hello there'] } })),
    );
    await control.settled();
    control.troubleWebhooks({});
    // As after an outage of AVA itself: nothing at all is known of a few of them.
    for (const { callSid } of results.slice(0, 4)) {
      const id = await until('the call is known', () => house.deps.calls.findByVendorId(house.tenantId, callSid));
      await house.deps.calls.remove(house.tenantId, id);
    }
    const startedMs = performance.now();
    await house.deps.reconciliation.run(house.tenantId);
    const seconds = (performance.now() - startedMs) / 1000;
    const missing: string[] = [];
    for (const { vapiCallIds } of results) {
      const id = await house.deps.calls.findByVendorId(house.tenantId, vapiCallIds[0]!);
      const call = id === undefined ? undefined : await house.deps.calls.get(house.tenantId, id);
      if (call?.status !== 'ended' || !call.has_transcript || call.cost_usd === null) missing.push(vapiCallIds[0]!);
    }
    printResult({
      id: 'R25',
      value: `${missing.length}; ${seconds.toFixed(1)} s`,
      unit: 'missing; time',
      goal: '0; 60',
      floor: '0; 300',
      pass: missing.length === 0,
      n: results.length,
    });
    expect(missing).toEqual([]);
    const midnight = new Date(new Date().setUTCHours(0, 0, 0, 0));
    const again = await house.deps.reconciliation.run(house.tenantId, midnight);
    expect(again.map((one) => one.recovered)).toEqual([0, 0]);
    const [statement] = await house.deps.calls.completeness(house.tenantId, 2);
    expect(statement).toMatchObject({ missing: 0 });
  });
});
