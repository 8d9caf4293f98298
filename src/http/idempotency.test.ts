import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { type PrivateApp, startPrivateApp } from '../../test/harness/private-app.ts';
import { makeCaller } from '../../test/harness/tenant.ts';
import { fail } from '../errors.ts';
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
      const config = { access: 'editor', idempotent: true } as const;
      scope.post('/fails', { config }, async () => {
        ran += 1;
        throw fail('upstream_failed', 'It failed before it had an effect.');
      });
    },
  });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const send = (path: string, key: string, a = 1) => app.call('POST', path, { a }, { 'idempotency-key': key });

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

it('gives the first answer again for a day, to this request and this person alone', async () => {
  const first = await send('/api/v1/true', 'k3');
  const repeat = await send('/api/v1/true', 'k3');
  expect([repeat.status, repeat.body, repeat.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
  for (const other of [await send('/api/v1/true', 'k3', 2), await send('/api/v1/resumable', 'k3')])
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  const somebody = caller;
  caller = await makeCaller(database.database, 'owner', false);
  expect((await send('/api/v1/true', 'k3')).body).toEqual({ ran: first.body.ran + 1 });
  caller = somebody;
  clock.advance(24 * 3_600_000 + 1);
  expect((await send('/api/v1/true', 'k3')).body).toEqual({ ran: first.body.ran + 2 });
});

it('lets a request that failed before its effect be tried again under its key', async () => {
  const before = ran;
  for (let turn = 0; turn < 2; turn += 1) expect((await send('/api/v1/fails', 'k4')).status).toBe(502);
  expect(ran).toBe(before + 2);
});
