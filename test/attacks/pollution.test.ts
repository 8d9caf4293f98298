/** No body, query or webhook reaches the prototype that all objects share (S17). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { bodySchemaOf, operationsOf, readDocument } from './api-document.ts';

let ava: InProcess;
let token: string;
beforeAll(async () => {
  ava = await startInProcess();
  const { email } = await makeCaller(ava.deps.db, 'owner', true);
  token = await ava.deps.accounts.users.issueToken({ email, ttlSeconds: 3600 });
});
afterAll(() => ava?.stop());

const PATIENCE_MS = 30_000;
const BODIES = [
  '{"__proto__":{"polluted":"yes"}}',
  '{"constructor":{"prototype":{"polluted":"yes"}}}',
  '{"value":{"__proto__":{"polluted":"yes"}},"reason":"x"}',
  '{"value":{"constructor":{"prototype":{"polluted":"yes"}}}}',
  '{"model":{"__proto__":{"polluted":"yes"}},"name":"x"}',
  '{"a":[{"__proto__":{"polluted":"yes"}}]}',
  String.raw`{"\u005f_proto__":{"polluted":"yes"}}`,
];
const QUERIES = [
  '__proto__[polluted]=yes',
  '__proto__.polluted=yes',
  'constructor[prototype][polluted]=yes',
  '__proto__=yes',
];

test('nothing that comes in changes what every object has', async () => {
  const polluted: string[] = [];
  let tried = 0;
  const send = async (method: string, path: string, body?: string, type = 'application/json') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    // What pollutes every object may well leave the request, or its sender, hanging.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const request = { method, headers, redirect: 'manual', signal, ...(body !== undefined && { body }) } as const;
    const status = await fetch(`${ava.url}${path}`, request).then(
      (answer) => answer.arrayBuffer().then(() => answer.status),
      (error: unknown) => String(error),
    );
    tried += 1;
    if (isPolluted()) polluted.push(`${method} ${path} ${body ?? ''}`);
    expect([path, body, status]).toEqual([path, body, expect.any(Number)]);
    expect([path, body, status]).not.toEqual([path, body, 500]);
  };
  for (const { method, path, operation } of operationsOf(await readDocument(ava.url))) {
    if (path === '/api/v1/events') continue;
    // A setting's key may be anything; so may the name in a path be that of a prototype's member.
    for (const name of ['polluted', '__proto__', 'constructor']) {
      const address = path.replaceAll(/\{\w+\}/g, name);
      const isWebhook = operation.tags?.includes('webhooks') === true;
      if (bodySchemaOf(operation) !== undefined || isWebhook) {
        for (const body of method === 'GET' ? [] : BODIES) await send(method, address, body);
      }
      if (method === 'GET') for (const query of QUERIES) await send(method, `${address}?${query}`);
    }
  }
  await ava.twilio('voice', {
    CallSid: 'CA00000000000000000000000000000001',
    '__proto__[polluted]': 'yes',
    __proto__x: 'yes',
  });
  if (isPolluted()) polluted.push('a signed webhook');
  printResult({
    id: 'S17',
    value: polluted.length,
    unit: 'of the inputs polluted the prototype',
    goal: '0',
    floor: '0',
    pass: polluted.length === 0,
    n: tried,
  });
  expect(polluted).toEqual([]);
}, 400_000);

function isPolluted(): boolean {
  const plain: Record<string, unknown> = {};
  const isChanged = 'polluted' in plain || 'yes' in plain || Object.keys(Object.prototype).length > 0;
  delete (Object.prototype as Record<string, unknown>)['polluted'];
  return isChanged;
}
