import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../../test/harness/in-process.ts';
import { makeCaller } from '../../test/harness/tenant.ts';
import type { PublicError } from '../errors.ts';
import type { App } from './app-type.ts';
import { unstorableFieldsOf, refuseUnstorable } from './storable.ts';

test('names every field that holds a NUL, at any depth and in names too', () => {
  const fields = unstorableFieldsOf({ a: 'x\0', b: ['fine', { c: '\0' }], 'd\0': 1, e: null, f: 7 }, '').map(
    (one) => one.field,
  );
  expect(fields).toEqual(['a', 'b.1.c', 'd']);
});

test('lets other text pass, also other control characters', () => {
  expect(unstorableFieldsOf({ a: 'two\nlines\t\u0001', b: '\\u0000' }, '')).toEqual([]);
});

test.each([
  ['a part of the path', { method: 'POST', url: '/door/%00', payload: {} }, ['name']],
  ['a question of the address', { method: 'POST', url: '/door/a?q=%00', payload: {} }, ['q']],
  ['the body', { method: 'POST', url: '/door/a', payload: { deep: ['x\0'] } }, ['deep.0']],
  ['half a character in the body', { method: 'POST', url: '/door/a', payload: { deep: ['\ud800'] } }, ['deep.0']],
  ['a whole one', { method: 'POST', url: '/door/a', payload: { deep: ['\ud83d\ude00'] } }, undefined],
  ['none', { method: 'POST', url: '/door/a?q=b', payload: { deep: ['x'] } }, undefined],
] as const)('a NUL in %s is found at the door, whatever the room behind it allows', async (_, request, fields) => {
  const app = Fastify();
  refuseUnstorable(app as unknown as App);
  app.setErrorHandler((error: PublicError, _request, reply) =>
    reply.code(error.status).send({ fields: error.options.fields?.map((one) => one.field) }),
  );
  app.post('/door/:name', async () => ({}));
  const answer = await app.inject({ ...request, payload: { ...request.payload } });
  expect(answer.json()).toEqual(fields === undefined ? {} : { fields });
  await app.close();
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
