import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { applyFacts } from './apply.ts';
import type { CallFact } from './fact.ts';
import { foldCall } from './fold.ts';

const sid = 'CA00000000000000000000000000000001';
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 9, 0, second));
const fact = (key: string, second: number, source: CallFact['source'], facts: CallFact['facts']): CallFact => ({
  key,
  at: at(second),
  source,
  name: key,
  correlationId: null,
  facts,
});

const ring = fact('voice', 0, 'twilio', {
  twilioCallSid: sid,
  direction: 'inbound',
  from: '+15005550006',
  to: '+15005550001',
  status: 'ringing',
});
const routed = fact('routed', 1, 'twilio', { twilioCallSid: sid, vapiCallId: 'v1', routeReason: 'assistant_ready' });
const talking = fact('in-progress', 2, 'vapi', {
  vapiCallId: 'v1',
  status: 'in_progress',
  reached: 'ai',
  answeredAt: at(2).toISOString(),
});
const ended = fact('ended', 30, 'vapi', { vapiCallId: 'v1', isOver: true, endedReason: 'customer-ended-call' });
const report: CallFact = {
  ...fact('report', 31, 'vapi', {
    vapiCallId: 'v1',
    isOver: true,
    isReport: true,
    endedReason: 'customer-ended-call',
    costUsd: 0.12,
    summary: 'Moved an appointment.',
    durationSeconds: 28,
  }),
  text: {
    transcript: 'AI: Hello\nUser: I would like to move my appointment',
    messages: [],
    success: 'true',
    structuredData: null,
  },
};
const completed = fact('completed', 32, 'twilio', {
  twilioCallSid: sid,
  isOver: true,
  endedAt: at(32).toISOString(),
  durationSeconds: 31,
});
const whole = [ring, routed, talking, ended, report, completed];

describe('what a call comes to', () => {
  it('is the same in whatever order and however often its messages come', () => {
    const expected = foldCall(whole);
    expect(expected).toMatchObject({
      status: 'ended',
      outcome: 'ai',
      durationSeconds: 31,
      endedCode: 'caller_hung_up',
      isComplete: true,
    });
    fc.assert(
      fc.property(fc.shuffledSubarray(whole, { minLength: whole.length }), (facts) => {
        expect(foldCall(facts)).toEqual(expected);
      }),
    );
  });

  it('stays final whatever comes late', () => {
    const late = fc.constantFrom(
      ring,
      talking,
      fact('late', 90, 'vapi', { vapiCallId: 'v1', status: 'in_progress' }),
      fact('q', 99, 'vapi', { status: 'queued' }),
    );
    fc.assert(
      fc.property(fc.subarray(whole), fc.array(late), (known, more) => {
        fc.pre(known.length > 0 && foldCall(known).status === 'ended');
        expect(foldCall([...known, ...more]).status).toBe('ended');
      }),
    );
  });

  it('goes on with a person when the assistant drops out, and ends with the line', () => {
    const fault = fact('ended', 30, 'vapi', {
      vapiCallId: 'v1',
      isOver: true,
      endedReason: 'call.in-progress.error-vapifault-worker-died',
    });
    const rescue = fact('after', 31, 'twilio', {
      twilioCallSid: sid,
      isRescue: true,
      routeReason: 'assistant_dropped',
    });
    const bridged = fact('after:dial', 60, 'twilio', { twilioCallSid: sid, reached: 'person' });
    expect(foldCall([ring, routed, talking, fault]).status).toBe('ended');
    expect(foldCall([ring, routed, talking, fault, rescue])).toMatchObject({ status: 'in_progress', outcome: 'ai' });
    expect(foldCall([ring, routed, talking, fault, rescue, bridged, completed])).toMatchObject({
      status: 'ended',
      outcome: 'person',
      endedCode: 'person_answered',
    });
  });
});

describe('facts in the database', () => {
  let test: TestDatabase;
  let tenantId: string;
  beforeAll(async () => {
    test = await createTestDatabase();
    tenantId = await addTenant(test);
  });
  afterAll(() => test.drop());

  const apply = (facts: CallFact[]) =>
    test.database.asTenant(tenantId, (trx) => applyFacts(trx, tenantId, facts, new Date()));
  const calls = () => test.database.asTenant(tenantId, (trx) => trx.selectFrom('calls').selectAll().execute());

  it('make one call of messages that know it by different ids, in any order and batches, and count it once in its day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(whole, { minLength: whole.length }),
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        async (facts, breaks) => {
          await test.database.asTenant(tenantId, async (trx) => {
            for (const table of ['calls', 'call_events', 'call_links', 'call_texts', 'call_days'] as const)
              await trx.deleteFrom(table).execute();
          });
          let batch: CallFact[] = [];
          for (const [index, one] of facts.entries()) {
            batch.push(one, one);
            if (breaks[index]) batch = (await apply(batch), []);
          }
          await apply(batch);
          await apply(whole);
          const rows = await calls();
          expect(rows).toHaveLength(1);
          expect(rows[0]).toMatchObject({
            vapi_call_id: 'v1',
            twilio_call_sid: sid,
            status: 'ended',
            outcome: 'ai',
            cost_usd: 0.12,
            has_transcript: true,
            duration_seconds: 31,
          });
          const days = await test.database.asTenant(tenantId, (trx) =>
            trx.selectFrom('call_days').selectAll().execute(),
          );
          expect(days).toMatchObject([{ calls: 1, inbound: 1, by_ai: 1, failed: 0, nobody: 0, cost_usd: 0.12 }]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('of two tenants never meet, even under the same vendor id', async () => {
    const other = await addTenant(test);
    await test.database.asTenant(other, (trx) => applyFacts(trx, other, whole, new Date()));
    expect(await calls()).toHaveLength(1);
  });
});

async function addTenant(test: TestDatabase): Promise<string> {
  const id = randomUUID();
  await test.database.system.insertInto('tenants').values({ id, name: 'Birch Dental' }).execute();
  return id;
}
