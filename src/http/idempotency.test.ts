import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { type PrivateApp, startPrivateApp } from '../../test/harness/private-app.ts';
import { makeCaller } from '../../test/harness/tenant.ts';
import type { Caller } from './caller.ts';

let database: TestDatabase;
let app: PrivateApp;
let caller: Caller;
let ran = 0;
const clock = createHandClock(new Date());

beforeAll(async () => {
  database = await createTestDatabase();
  caller = await makeCaller(database.database, 'owner', false);
  app = await startPrivateApp({
    db: database.database,
    clock,
    caller: () => caller,
    routes(scope) {
      for (const idempotent of [true, 'resumable'] as const) {
        const config = { access: 'editor', idempotent } as const;
        scope.post(`/${idempotent}`, { config }, async () => ({ ran: (ran += 1) }));
      }
    },
  });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const send = (path: string, key: string) => app.call('POST', path, { a: 1 }, { 'idempotency-key': key });

/** As a process leaves it that was killed in the middle. */
async function cutOff(path: string, key: string): Promise<void> {
  expect((await send(path, key)).status).toBe(200);
  await database.database.asTenant(caller.tenantId, (trx) =>
    trx.updateTable('idempotency_keys').set({ status: null, response: null }).where('key', '=', key).execute(),
  );
}

it('says that nobody knows the outcome of a request whose process was stopped, and does not run it again', async () => {
  await cutOff('/api/v1/true', 'k1');
  const before = ran;
  const soon = await send('/api/v1/true', 'k1');
  expect([soon.status, soon.body.code]).toEqual([409, 'idempotency_in_progress']);
  clock.advance(121_000);
  const later = await send('/api/v1/true', 'k1');
  expect([later.status, later.body.code]).toEqual([409, 'idempotency_outcome_unknown']);
  expect(later.body.detail).toContain('use a new key');
  expect(ran).toBe(before);
});

it('takes over such a request where its effect cannot happen twice, once among many who ask', async () => {
  await cutOff('/api/v1/resumable', 'k2');
  const before = ran;
  expect((await send('/api/v1/resumable', 'k2')).status).toBe(409);
  clock.advance(121_000);
  const answers = await Promise.all(Array.from({ length: 5 }, () => send('/api/v1/resumable', 'k2')));
  expect(ran).toBe(before + 1);
  expect(answers.map((answer) => answer.status)).toContain(200);
  const again = await send('/api/v1/resumable', 'k2');
  expect(again.body).toEqual({ ran: before + 1 });
});
