/** The bundle that production runs: made of these sources, and as whole as they are. */
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMain, STAMP } from '../bin/bootstrap/server.mjs';
import { type AvaUnderTest, startAva } from './harness/ava.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };

let main: string;
let ava: AvaUnderTest;

beforeAll(async () => {
  main = await findMain({ build: true });
  ava = await startAva({ release: main });
}, 300_000);

afterAll(async () => await ava?.stop());

const get = (where: string) => fetch(new URL(where, ava.url));

test('the server runs from its bundle and finds what lies beside it', async () => {
  expect(path.relative(ROOT, main)).toBe(path.join('dist', 'server', 'ava.js'));
  expect(await (await get('/healthz')).json()).toMatchObject({ version });
  expect(await (await get('/api/v1/docs/errors')).text()).toBe(
    readFileSync(path.join(ROOT, 'docs', 'errors.md'), 'utf8'),
  );
  expect((await get('/api/v1/docs/scalar.js')).status).toBe(200);
});

test('a person signs in, reads the settings, and commands work from the same bundle', async () => {
  const owner = await ava.owner();
  expect((await owner.fetch('/api/v1/vapi/settings')).status).toBe(200);
  const { paths } = (await (await get('/api/v1/openapi.json')).json()) as { paths: object };
  expect(Object.keys(paths).length).toBeGreaterThan(50);
  expect((await ava.cli('config')).stdout).toContain('DATABASE_URL');
});

test('every part is written in letters of one byte: one other would make Node.js keep all of it in two', () => {
  const parts = partsOf(path.dirname(main), path.basename(main));
  expect(parts.size).toBeGreaterThan(10);
  const others = [...parts].filter(([, code]) => /[^\0-\x7f]/.test(code)).map(([name]) => name);
  expect(others).toEqual([]);
});

test('a start reads neither the other commands nor most of the server before it calls the database', () => {
  const folder = path.dirname(main);
  const entry = readFileSync(main, 'utf8');
  const [, serve] = /import\("\.\/(serve-[\w-]+\.js)"\)/.exec(entry)!;
  const atOnce = partsOf(folder, path.basename(main), new Map(), STATIC);
  const first = [...partsOf(folder, serve!, atOnce, STATIC).keys()];
  expect(first.filter((name) => /^(commands|deps|app|metrics|http|server)-/.test(name))).toEqual([]);
  expect(first.length).toBeGreaterThan(5);
});

test('no part loads what AVA never speaks, and the traces have the whole of what the metrics do without', () => {
  const parts = [...partsOf(path.dirname(main), path.basename(main))];
  const having = (code: RegExp) => parts.filter(([, text]) => code.test(text)).map(([name]) => name.split('-')[0]);
  expect(having(/(?:require|getBuiltinModule)\("node:http2"\)/)).toEqual([]);
  expect(having(/setGlobalTracerProvider\(/)).toEqual(['trace']);
});

test('sources that changed since are never hidden by the bundle', async () => {
  const stamp = path.join(path.dirname(main), STAMP);
  const made = readFileSync(stamp, 'utf8');
  try {
    writeFileSync(stamp, 'of other sources');
    expect(path.relative(ROOT, await findMain({ build: false }))).toBe(path.join('src', 'cli', 'main.ts'));
  } finally {
    writeFileSync(stamp, made);
  }
  expect(await findMain({ build: false })).toBe(main);
});

test('a new bundle clears the parts of those before the last, which a server may still run from', async () => {
  const folder = path.dirname(main);
  const [before, last] = [path.join(folder, 'part-before.js'), path.join(folder, 'part-last.js')];
  const madeMs = statSync(main).mtimeMs;
  for (const [part, ageMs] of [
    [before, 3_600_000],
    [last, 1_000],
  ] as const) {
    writeFileSync(part, '');
    utimesSync(part, (madeMs - ageMs) / 1000, (madeMs - ageMs) / 1000);
  }
  writeFileSync(path.join(folder, STAMP), 'of other sources');
  expect(await findMain({ build: true })).toBe(main);
  expect([existsSync(before), existsSync(last)]).toEqual([false, true]);
  rmSync(last);
}, 300_000);

/** How one part names another: when it is read itself, or also later. */
const STATIC = /(?:from |import )"\.\/([\w.-]+\.js)"/g;
const ANY = /(?:from |import |import\()"\.\/([\w.-]+\.js)"/g;

/** The code of a part and of all that it loads. */
function partsOf(folder: string, name: string, found = new Map<string, string>(), named = ANY): Map<string, string> {
  const code = readFileSync(path.join(folder, name), 'utf8');
  found.set(name, code);
  for (const [, next] of code.matchAll(named))
    // A comment may name what is no part.
    if (!found.has(next!) && existsSync(path.join(folder, next!))) partsOf(folder, next!, found, named);
  return found;
}
