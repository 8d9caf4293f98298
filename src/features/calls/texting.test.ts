import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import type { CallTexts } from './contract.ts';
import { createCallRules } from './rules.ts';
import { createTexting } from './texting.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const ANN = '+12025550177';
const BEN = '+14165550177';

/** A tenant with one number in the United States; resolves to what leaves for a call that ended so. */
async function start() {
  const { database: db } = database;
  const { tenantId, userId, email: name } = await makeCaller(db, 'admin');
  const actor = { tenantId, userId, name };
  const clock = createHandClock(new Date());
  const numbers = ['+13035550100'];
  const ownNumbers = async () => numbers;
  const rules = createCallRules({ db, ownNumbers, audit: { record: async () => {} } });
  const sent: string[] = [];
  const known = new Set<string>();
  const texting = createTexting({
    ...{ db, clock, ownNumbers, log: pino({ level: 'silent' }) },
    isKnown: async (_, key) => known.has(key),
    senderOf: async () => numbers[0],
    async send({ to, effectKey }) {
      known.add(effectKey);
      sent.push(to);
      return { state: 'sent' };
    },
  });
  let calls = 0;
  return {
    clock,
    put: (texts: CallTexts) => rules.putTexts(actor, texts),
    allow: (...countries: string[]) =>
      rules.putLimits(actor, { countries, calls_per_user_per_day: 1, calls_per_tenant_per_day: 1 }),
    async leaves(outcome: string, id = `call-${(calls += 1)}`): Promise<string[]> {
      sent.length = 0;
      await texting.tell(tenantId, { id, outcome, direction: 'inbound', to: numbers[0] } as never, {} as never);
      return [...sent];
    },
    get: () => rules.getTexts(tenantId),
  };
}

it('nobody is texted until somebody asks for it, and then of the calls that were chosen', async () => {
  const { put, leaves, get } = await start();
  expect(await get()).toEqual({ when: 'never', to: [], per_day: 100 });
  expect([...(await leaves('ai')), ...(await leaves('voicemail'))]).toEqual([]);
  await put({ when: 'voicemail', to: [ANN], per_day: 100 });
  expect([await leaves('ai'), await leaves('voicemail')]).toEqual([[], [ANN]]);
  await put({ when: 'every_call', to: [ANN], per_day: 100 });
  expect([await leaves('ai'), await leaves('voicemail')]).toEqual([[ANN], [ANN]]);
});

it('premium numbers and countries that are not allowed are refused, and left out when they stop being allowed', async () => {
  const { put, allow, leaves, get } = await start();
  const refused = { code: 'destination_not_allowed' };
  for (const to of ['+19005550100', '+18765550100', BEN])
    await expect(put({ when: 'every_call', to: [ANN, to], per_day: 9 })).rejects.toMatchObject(refused);
  expect(await get()).toMatchObject({ when: 'never', to: [] });
  await allow('US', 'CA');
  await put({ when: 'every_call', to: [ANN, BEN], per_day: 9 });
  expect(await leaves('ai')).toEqual([ANN, BEN]);
  await allow('US');
  expect(await leaves('ai')).toEqual([ANN]);
});

it("a flood of calls cannot run up a bill: the day's texts are used up", async () => {
  const { put, leaves, clock } = await start();
  await put({ when: 'every_call', to: [ANN], per_day: 2 });
  const left: string[] = [];
  for (let call = 0; call < 6; call += 1) left.push(...(await leaves('ai')));
  expect(left).toEqual([ANN, ANN]);
  clock.advance(86_400_000);
  expect(await leaves('ai')).toEqual([ANN]);
  // What was paid for once is not paid for again when it is asked for again.
  expect([await leaves('ai', 'again'), await leaves('ai', 'again'), await leaves('ai')]).toEqual([[ANN], [ANN], []]);
});
