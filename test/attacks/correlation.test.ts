/** Correlation ids on every response, and nothing that a stranger sends can break or forge a line of the log (S18). */
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';
import { until } from '../harness/until.ts';

let ava: AvaUnderTest;
beforeAll(async () => {
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '100000' } });
});
afterAll(() => ava?.stop());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('every kind of response carries an id', async () => {
  const { token } = await ava.owner();
  const json = { 'content-type': 'application/json' };
  const signedIn = { authorization: `Bearer ${token}` };
  const kinds: [string, RequestInit, number][] = [
    ['/healthz', {}, 200],
    ['/nothing', {}, 404],
    ['/api/v1/vapi/settings', {}, 401],
    ['/healthz', { method: 'DELETE' }, 405],
    ['/api/v1/auth/login', { method: 'POST', headers: json, body: '{"email":' }, 400],
    [
      '/api/v1/auth/login',
      { method: 'POST', headers: json, body: JSON.stringify({ email: 'x'.repeat(300_000) }) },
      413,
    ],
    ['/api/v1/auth/login', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' }, 415],
    ['/api/v1/auth/login', { method: 'POST', headers: json, body: '{}' }, 422],
    ['/api/v1/auth/login', { method: 'POST', headers: json, body: `${'['.repeat(2000)}${']'.repeat(2000)}` }, 400],
    ['/api/v1/system/info', { headers: signedIn }, 200],
    [
      '/api/v1/vapi/settings',
      { method: 'OPTIONS', headers: { origin: 'https://a.test', 'access-control-request-method': 'GET' } },
      0,
    ],
    ['/api/v1/openapi.json', {}, 200],
    ['/api/v1/docs', {}, 200],
  ];
  for (const [path, init, status] of kinds) {
    const answer = await fetch(new URL(path, ava.url), init);
    if (status !== 0) expect([path, answer.status]).toEqual([path, status]);
    expect([path, answer.headers.get('x-correlation-id')]).toEqual([path, expect.stringMatching(UUID)]);
    if (answer.status >= 400) {
      const problem = (await answer.json()) as Record<string, unknown>;
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(problem).toMatchObject({
        type: expect.any(String),
        title: expect.any(String),
        status: answer.status,
        detail: expect.any(String),
        code: expect.any(String),
      });
      expect(problem['correlation_id']).toBe(answer.headers.get('x-correlation-id'));
    }
  }
});

test('an id that is not 1 to 128 harmless characters is replaced, and the fact is logged', async () => {
  for (const id of ['a b', 'ä', 'x'.repeat(129), 'a;b', '<script>', '../../etc', '{"a":1}']) {
    const { headers } = await request(`${ava.url}/healthz`, {
      headers: { 'x-correlation-id': Buffer.from(id, 'utf8').toString('latin1') },
    });
    expect(headers['x-correlation-id']).toMatch(UUID);
  }
  for (const id of ['a', 'test-12345', 'A.b_c:d-9', 'x'.repeat(128)]) {
    const { headers } = await request(`${ava.url}/healthz`, { headers: { 'x-correlation-id': id } });
    expect(headers['x-correlation-id']).toBe(id);
  }
  await until('the replacement is logged', () => ava.log().includes('X-Correlation-ID of the request was replaced'));
});

test('whatever strangers put into paths, headers and bodies, each line of the log is one JSON object', async () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      '\r\n{"level":"fatal"}',
      '\u001b[31mred',
      '\u202Eevil',
      '"}\n{"a":"',
      '\0',
      '\uD800',
      'Circuit breaker [vapi] opening: x',
      'closing',
      '%0d%0aX: y',
      '__proto__',
    ),
  );
  let reflected = 0;
  let requests = 0;
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (path, text) => {
      const safePath = encodeURIComponent(path.toWellFormed());
      const header = Buffer.from(text.replaceAll(/[\r\n\0]/g, ''), 'utf8')
        .toString('latin1')
        .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
      const answer = await request(`${ava.url}/${safePath}`, {
        headers: { 'x-correlation-id': header, 'user-agent': header },
      });
      await answer.body.dump();
      const id = String(answer.headers['x-correlation-id']);
      if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id)) reflected += 1;
      const login = await fetch(`${ava.url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: text, password: path || 'x' }),
      });
      await login.arrayBuffer();
      requests += 2;
    }),
    { numRuns: 150, seed: 18 },
  );
  let broken = 0;
  for (const line of ava.log().split('\n').filter(Boolean)) {
    try {
      if (typeof JSON.parse(line) !== 'object') broken += 1;
    } catch {
      broken += 1;
    }
  }
  printResult({
    id: 'S18',
    value: broken + reflected,
    unit: 'broken lines and unchecked ids',
    goal: '0',
    floor: '0',
    pass: broken + reflected === 0,
    n: requests,
    seed: 18,
  });
  expect([broken, reflected]).toEqual([0, 0]);
  expect(
    ava
      .log()
      .split('\n')
      .filter((line) => /Circuit breaker.*opening|closing/.test(line)),
  ).toEqual([]);
});
