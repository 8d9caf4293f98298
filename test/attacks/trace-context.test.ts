/** W3C trace context: what is valid goes on to the vendor, what is not is started anew (S19). */
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';

let ava: AvaUnderTest;
let token: string;
beforeAll(async () => {
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '100000' } });
  token = (await ava.owner()).token;
  await ask([['traceparent', VALID]]);
});
afterAll(() => ava?.stop());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const VALID = `00-${TRACE}-${PARENT}-01`;
const FORM = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

type Headers = [name: string, value: string][];
type Case = { name: string; headers: Headers; goesOn: boolean; state?: string };
const parent = (name: string, value: string, goesOn = false): Case => ({
  name,
  headers: [['traceparent', value]],
  goesOn,
});
const state = (name: string, values: string[], expected: string): Case => ({
  name,
  headers: [['traceparent', VALID], ...values.map((value): [string, string] => ['tracestate', value])],
  goesOn: true,
  state: expected,
});
const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');

// https://www.w3.org/TR/trace-context/ and its test suite.
const CASES: Case[] = [
  parent('sampled', VALID, true),
  parent('not sampled', `00-${TRACE}-${PARENT}-00`, true),
  parent('unknown flags', `00-${TRACE}-${PARENT}-ff`, true),
  parent('a later version', `01-${TRACE}-${PARENT}-01`, true),
  parent('a later version with more', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be`, true),
  parent('a later version with a dot', `cc-${TRACE}-${PARENT}-01.more`),
  parent('version ff', `ff-${TRACE}-${PARENT}-01`),
  parent('version 00 with more', `${VALID}-more`),
  parent('version 00 with a dash', `${VALID}-`),
  parent('version of one digit', `0-${TRACE}-${PARENT}-01`),
  parent('version of three digits', `000-${TRACE}-${PARENT}-01`),
  parent('version not hexadecimal', `0x-${TRACE}-${PARENT}-01`),
  parent('version in capitals', `CC-${TRACE}-${PARENT}-01`),
  parent('trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`),
  parent('trace id in capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`),
  parent('trace id too short', `00-${TRACE.slice(1)}-${PARENT}-01`),
  parent('trace id too long', `00-${TRACE}a-${PARENT}-01`),
  parent('trace id with a dot', `00-.${TRACE.slice(1)}-${PARENT}-01`),
  parent('parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`),
  parent('parent id in capitals', `00-${TRACE}-${PARENT.toUpperCase()}-01`),
  parent('parent id too short', `00-${TRACE}-${PARENT.slice(1)}-01`),
  parent('parent id too long', `00-${TRACE}-${PARENT}0-01`),
  parent('parent id with a dot', `00-${TRACE}-.${PARENT.slice(1)}-01`),
  parent('flags too short', `00-${TRACE}-${PARENT}-1`),
  parent('flags too long', `00-${TRACE}-${PARENT}-001`),
  parent('flags not hexadecimal', `00-${TRACE}-${PARENT}-0x`),
  parent('flags with a dot', `00-${TRACE}-${PARENT}-.0`),
  parent('nothing in it', ''),
  parent('words', 'hello'),
  parent('spaces around', `  ${VALID}  `, true),
  {
    name: 'twice',
    headers: [
      ['traceparent', VALID],
      ['traceparent', VALID],
    ],
    goesOn: false,
  },
  { name: 'none', headers: [], goesOn: false },
  { name: 'name in capitals', headers: [['TraceParent', VALID]], goesOn: true },
  { name: 'state without parent', headers: [['tracestate', 'a=1']], goesOn: false, state: '' },
  {
    name: 'state with a bad parent',
    headers: [
      ['traceparent', 'x'],
      ['tracestate', 'a=1'],
    ],
    goesOn: false,
    state: '',
  },
  state('one member', ['a=1'], 'a=1'),
  state('two headers are one list', ['a=1', 'b=2'], 'a=1,b=2'),
  state('32 members', [members(32)], members(32)),
  state('33 members', [members(33)], ''),
  state('no equals sign', ['a'], ''),
  state('key in capitals', ['A=1'], ''),
];

test('a valid trace goes on to the vendor, and any other is started anew', async () => {
  const wrong: string[] = [];
  for (const { name, headers, goesOn, state } of CASES) {
    const sent = await ask(headers);
    const isWhole = FORM.test(sent.traceparent);
    if (!isWhole || sent.traceparent.includes(TRACE) !== goesOn) wrong.push(`${name}: sent ${sent.traceparent}`);
    if (state !== undefined && sent.tracestate.replaceAll(' ', '') !== state)
      wrong.push(`${name}: state ${sent.tracestate}`);
  }
  printResult({
    id: 'S19',
    value: CASES.length - wrong.length,
    unit: `of ${CASES.length} cases`,
    goal: '41 of 41',
    floor: '36 of 41',
    pass: wrong.length <= 5,
    n: CASES.length,
  });
  expect(wrong).toEqual([]);
});

/** Makes AVA ask Vapi, and tells what trace it sent along. */
async function ask(headers: Headers): Promise<{ traceparent: string; tracestate: string }> {
  const since = ava.simulator.control.requests().at(-1)?.sequence ?? 0;
  const id = `trace-${crypto.randomUUID()}`;
  // A change is always read from the vendor first, whatever caches know.
  const value = Math.round(Math.random() * 1_000) / 1_000;
  const answer = await request(`${ava.url}/api/v1/vapi/settings/temperature`, {
    method: 'PUT',
    headers: [
      ...['authorization', `Bearer ${token}`, 'content-type', 'application/json', 'x-correlation-id', id],
      ...headers.flat(),
    ],
    body: JSON.stringify({ value }),
  });
  const text = await answer.body.text();
  const seen = ava.simulator.control.requests({ vendor: 'vapi', sinceSequence: since });
  const patch = seen.find((one) => one.method === 'PATCH' && one.headers['x-correlation-id'] === id);
  if (patch === undefined) throw new Error(`Vapi was not asked: ${answer.statusCode} ${text}`);
  return { traceparent: patch.headers['traceparent'] ?? '', tracestate: patch.headers['tracestate'] ?? '' };
}
