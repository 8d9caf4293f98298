import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../../test/harness/in-process.ts';
import { makeCaller } from '../../test/harness/tenant.ts';
import { nulFieldsOf } from './storable.ts';

test('names every field that holds a NUL, at any depth and in names too', () => {
  const fields = nulFieldsOf({ a: 'x\0', b: ['fine', { c: '\0' }], 'd\0': 1, e: null, f: 7 }, '').map(
    (one) => one.field,
  );
  expect(fields).toEqual(['a', 'b.1.c', 'd']);
});

test('lets other text pass, also other control characters', () => {
  expect(nulFieldsOf({ a: 'two\nlines\t\u0001', b: '\\u0000' }, '')).toEqual([]);
});

let ava: InProcess;
let authorization: string;
beforeAll(async () => {
  ava = await startInProcess();
  const { email } = await makeCaller(ava.deps.db, 'owner', true);
  authorization = `Bearer ${await ava.deps.accounts.users.issueToken({ email, ttlSeconds: 600 })}`;
});
afterAll(() => ava?.stop());

test.each([
  ['a question of the address', '/api/v1/ops/audit?actor=%00', 'actor'],
  ['a part of the path', '/api/v1/calls/%00', 'id'],
])('a NUL in %s is refused and named, and never reaches the database', async (_, path, field) => {
  const answer = await fetch(`${ava.url}${path}`, { headers: { authorization } });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
});
