/** No expression and no input, however it is made, may hold the process up (S15). */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { check } from 'recheck';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { bodySchemaOf, operationsOf, readDocument, resolve } from './api-document.ts';
import { expressionsIn, expressionsOf } from './expressions.ts';

/** The checker's own program for this machine, where there is one: ten times faster than its plain JavaScript. */
const PROGRAM = fileURLToPath(new URL(`../../node_modules/recheck-linux-x64/recheck`, import.meta.url));
const ONE_EXPRESSION_MS = 10_000;
const WHOLE_CHECK_MS = 75_000;

let ava: InProcess;
let bearer: Record<string, string>;
beforeAll(async () => {
  process.env['RECHECK_BACKEND'] = existsSync(PROGRAM) ? 'native' : 'pure';
  ava = await startInProcess();
  const { email } = await ava.deps.db.system.selectFrom('users').select('email').executeTakeFirstOrThrow();
  bearer = { authorization: `Bearer ${await ava.deps.accounts.users.issueToken({ email, ttlSeconds: 3600 })}` };
});
afterAll(() => ava?.stop());

type Verdict = { text: string; status: string };

async function judge(all: { source: string; flags: string; places: string[] }[]): Promise<Verdict[]> {
  const endMs = performance.now() + WHOLE_CHECK_MS;
  const verdicts: Verdict[] = [];
  for (const { source, flags, places } of all) {
    const timeout = Math.min(ONE_EXPRESSION_MS, endMs - performance.now());
    const found = timeout > 0 ? await check(source, flags, { timeout }) : { status: 'unknown' };
    verdicts.push({ text: `/${source}/${flags} in ${places.join(', ')}`, status: found.status });
  }
  return verdicts;
}

let verdicts: Verdict[] = [];

test('no regular expression takes longer than its input is long', async () => {
  const document = await readDocument(ava.url);
  const inSchemas = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];
  const schemas = [...new Set(inSchemas.map(([, text]) => JSON.parse(text!) as string))];
  const own = expressionsIn('src');
  expect(own.length).toBeGreaterThan(150);
  const known = new Set(own.map(({ source }) => source));
  const ofSchemas = schemas
    .filter((source) => !known.has(source))
    .map((source) => ({ source, flags: '', places: ['the API'] }));
  verdicts = await judge([...own, ...ofSchemas]);
  const undecided = verdicts.filter(({ status }) => status === 'unknown');
  console.log(
    `Not decided in time: ${undecided.length} of ${verdicts.length} ${undecided.map(({ text }) => text).join(' ')}`,
  );
  expect(verdicts.filter(({ status }) => status === 'vulnerable').map(({ text }) => text)).toEqual([]);
}, 150_000);

test('an expression that can be held up is found where it stands', async () => {
  const [bad] = expressionsOf('export const bad = (text: string) => /^(a+)+$/.test(text);', 'bad.ts');
  expect((await judge([{ ...bad!, places: [] }])).map(({ status }) => status)).toEqual(['vulnerable']);
  expect(() => expressionsOf('new RegExp(given)', 'made.ts')).toThrow('at run time');
});

/** Texts on which careless expressions take the square of their length or more. */
const TEXTS = [
  '/',
  '=',
  ' ',
  'a',
  'a@',
  'a.',
  '-',
  '"',
  '\\',
  '<',
  '<!--',
  '&',
  '{',
  'grep',
  '+1',
  '0',
  '\t',
  'é',
  '1,',
].map((one) => one.repeat(Math.floor(60_000 / one.length)));

test('texts that are made to be slow, deep and wide JSON, and large bodies do not stop the others', async () => {
  const operations = operationsOf(await readDocument(ava.url));
  const document = await readDocument(ava.url);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const slowest: { ms: number; cpuMs: number; of: string; again(): Promise<Cost> }[] = [];
  const failures: string[] = [];
  let requests = 0;
  async function costOf(name: string, path: string, init: RequestInit): Promise<Cost> {
    await nextTurn();
    const before = process.cpuUsage();
    delay.reset();
    delay.enable();
    const answer = await fetch(`${ava.url}${path}`, { ...init, signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    delay.disable();
    requests += 1;
    const isOurs = answer.status >= 500 && !text.includes('upstream_');
    if (isOurs) failures.push(`${name}: ${answer.status} ${text.slice(0, 120)}`);
    return { ms: delay.max / 1e6, cpuMs: cpuMsSince(before) };
  }
  async function knock(name: string, path: string, init: RequestInit): Promise<void> {
    const again = () => costOf(name, path, init);
    slowest.push({ ...(await again()), of: name, again });
  }
  const json = { ...bearer, 'content-type': 'application/json' };
  for (const { method, path, operation } of operations.filter(({ operation: one }) => bodySchemaOf(one))) {
    const { schema } = resolve(document, bodySchemaOf(operation)!);
    const names = Object.keys(schema.properties ?? { value: {} });
    const address = path.replaceAll(/\{\w+\}/g, 'x');
    for (const text of TEXTS) {
      const body = JSON.stringify(Object.fromEntries(names.map((name) => [name, text])));
      await knock(`${method} ${path} with ${JSON.stringify(text.slice(0, 4))}`, address, {
        method,
        headers: json,
        body,
      });
    }
  }
  for (const [name, body] of heavyBodies()) {
    for (const path of ['/api/v1/auth/login', '/api/v1/vapi/settings/heavy', '/webhooks/vapi']) {
      const method = path.includes('settings') ? 'PUT' : 'POST';
      await knock(`${method} ${path} with ${name}`, path, { method, headers: json, body });
    }
  }
  const bomb = { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' } };
  await knock('a small body that unpacks to a large one', '/api/v1/auth/login', { ...bomb, body: BOMB });
  for (const text of TEXTS) {
    const query = encodeURIComponent(text.slice(0, 2_500)).slice(0, 7_000).replace(/%.?$/, '');
    await knock('a search', `/api/v1/calls?q=${query}`, { headers: bearer });
    const header = text.replaceAll(/[^\x20-\x7e]/g, 'x').slice(0, 7_000);
    for (const name of ['traceparent', 'authorization', 'if-match', 'x-correlation-id', 'x-forwarded-for', 'cookie']) {
      await knock(`the header ${name}`, '/api/v1/vapi/settings', { headers: { ...bearer, [name]: header } });
    }
  }
  // What an input costs comes again with it; what the machine was doing beside does not.
  const candidates = slowest.toSorted((x, y) => y.cpuMs - x.cpuMs).slice(0, 10);
  for (const one of candidates) {
    for (let n = 0; n < 3; n += 1) {
      const { ms, cpuMs } = await one.again();
      Object.assign(one, { ms: Math.min(one.ms, ms), cpuMs: Math.min(one.cpuMs, cpuMs) });
    }
  }
  const worst = candidates.toSorted((x, y) => y.ms - x.ms);
  console.log(
    `Longest: ${worst
      .slice(0, 5)
      .map(({ ms, cpuMs, of }) => `${ms.toFixed(0)} ms (CPU ${cpuMs.toFixed(0)} ms) ${of}`)
      .join('; ')}`,
  );
  const vulnerable = verdicts.filter(({ status }) => status === 'vulnerable').length;
  const longestMs = Math.round(worst[0]!.ms);
  printResult({
    id: 'S15',
    value: `${vulnerable} vulnerable; ${longestMs} ms`,
    unit: `of ${verdicts.length} expressions; longest stall of ${requests} requests`,
    goal: '0; 20',
    floor: '0; 200',
    pass: vulnerable === 0 && longestMs <= 200,
    n: verdicts.length + requests,
  });
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(500);
  const mostMs = MOST_STEPS * millionStepsMs();
  const dear = candidates
    .filter(({ cpuMs }) => cpuMs > mostMs)
    .map(({ cpuMs, of }) => `${of}: ${Math.round(cpuMs)} ms`);
  expect(dear, `dearer than ${Math.round(mostMs)} ms of CPU`).toEqual([]);
}, 300_000);

type Cost = { ms: number; cpuMs: number };

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The square of 60,000 is 3,600 million: what takes that of an input is far above this, and what reads it a hundred times is below. */
const MOST_STEPS = 300;

/** What this machine takes for a million steps of a plain loop: inputs are measured by it, and not by the clock. */
function millionStepsMs(): number {
  let mixed = 1;
  const measure = () => {
    const before = process.cpuUsage();
    for (let step = 0; step < 50_000_000; step += 1) mixed = Math.imul(mixed ^ step, 0x9e3779b1);
    return cpuMsSince(before) / 50;
  };
  const best = Math.min(measure(), measure(), measure());
  return mixed === 0 ? best * 2 : best;
}

const BOMB = gzipSync(Buffer.alloc(50_000_000, 32));

function heavyBodies(): [string, string][] {
  return [
    ['100,000 arrays in each other', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['50,000 objects in each other', '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
    ['20,000 members', `{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join()}}`],
    ['a member named a hundred thousand times', `{${'"a":1,'.repeat(30_000)}"a":1}`],
    ['a number of 200,000 digits', `{"value":${'9'.repeat(200_000)}}`],
    ['a text of escapes', `{"value":"${'\\u0041'.repeat(40_000)}"}`],
    ['200,000 blanks', `${' '.repeat(200_000)}{}`],
    ['more than is taken', `{"value":"${'x'.repeat(5_000_000)}"}`],
  ];
}
