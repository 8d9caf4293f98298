import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { until } from '../../../test/harness/until.ts';
import { systemClock } from '../../clock.ts';
import { giveBack, takeLease } from './lease.ts';
import { createAssistantStore } from './store.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

test('an assistant is changed by one at a time, also when a lease is given back in the moment that another asks for it', async () => {
  const { tenantId } = await makeCaller(database.database);
  const store = createAssistantStore({ db: database.database, isStub: false });
  const assistantId = randomUUID();
  const impatient = { ...systemClock, setTimer: (_ms: number, work: () => void) => systemClock.setTimer(1, work) };
  let holders = 0;
  let most = 0;
  const takeTurns = async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      const { token } = await takeLease({ store, clock: impatient }, { tenantId, assistantId });
      holders += 1;
      most = Math.max(most, holders);
      await setImmediate();
      holders -= 1;
      await store.release(tenantId, token);
    }
  };
  await Promise.all([takeTurns(), takeTurns(), takeTurns(), takeTurns()]);
  expect(most).toBe(1);
});

test('a lease that was taken over a connection that broke is free for the next one at once', async () => {
  const { tenantId } = await makeCaller(database.database);
  const store = createAssistantStore({ db: database.database, isStub: false });
  const place = { tenantId, assistantId: randomUUID() };
  const broken = async (...order: Parameters<typeof store.takeLease>) => {
    await store.takeLease(...order);
    throw new Error('Connection terminated unexpectedly');
  };
  await expect(takeLease({ store: { ...store, takeLease: broken }, clock: systemClock }, place)).rejects.toThrow();
  expect(await takeLease({ store, clock: systemClock }, place)).toMatchObject({ inherited: null });
});

test('a lease is given back as soon as the database can be reached again', async () => {
  let tries = 0;
  await giveBack(systemClock, async () => {
    tries += 1;
    if (tries < 3) throw new Error('the database is away');
  });
  await until('the third try', () => (tries === 3 ? true : undefined));
});
