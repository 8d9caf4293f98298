import { afterAll, beforeAll, expect, it } from 'vitest';
import { pino } from 'pino';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { createEffects } from '../effects/effects.ts';
import { createTold } from './told.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const refusal = () =>
  new UpstreamError({ kind: 'circuit_open', upstream: 'email', connected: false, detail: 'the circuit is open' });

async function start(send: () => Promise<unknown>) {
  const { tenantId } = await makeCaller(database.database);
  const clock = createHandClock(new Date());
  const effects = createEffects({ db: database.database, clock });
  const call = { id: 'x', started_at: new Date().toISOString(), direction: 'inbound', from: '+1', outcome: 'ai' };
  const told = createTold({
    ...{ clock, effects, log: pino({ level: 'silent' }), publicUrl: 'http://ava.example.test', send },
    getCall: async () => call as never,
    ownersOf: async () => ['owner@example.test'],
    assistantName: async () => 'Front desk',
  });
  const key = 'call.told:1';
  await database.database.asTenant(tenantId, (trx) =>
    effects.plan(trx, { tenantId, key, kind: 'call.told', payload: { callId: 'x' } }),
  );
  return { clock, told, find: async () => await effects.find(tenantId, key) };
}

it('tells of a call again whose mail was refused before it left, after waits that double', async () => {
  let sent = 0;
  let isWell = false;
  const { clock, told, find } = await start(async () => {
    sent += 1;
    if (!isWell) throw refusal();
  });
  await told.run();
  expect((await find())?.state).toBe('refused');
  await told.run();
  expect(sent).toBe(1);
  clock.advance(31_000);
  await told.run();
  expect(sent).toBe(2);
  clock.advance(31_000);
  await told.run();
  expect(sent).toBe(2);
  isWell = true;
  clock.advance(31_000);
  await told.run();
  expect([sent, (await find())?.state]).toEqual([3, 'done']);
});

it('gives a mail up that nobody ever took, and says so', async () => {
  let sent = 0;
  const { clock, told, find } = await start(async () => {
    sent += 1;
    throw refusal();
  });
  for (let turn = 0; turn < 30; turn += 1) {
    await told.run();
    clock.advance(3_601_000);
  }
  expect([sent, (await find())?.state]).toEqual([10, 'given_up']);
});
