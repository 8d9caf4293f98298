/** Doors that exist, doors that are documented, and the page about them: one list (S12). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { type ApiDocument, operationsOf, readDocument } from './api-document.ts';
import { integrationsPage } from './integrations-page.ts';

let ava: InProcess;
let document: ApiDocument;
beforeAll(async () => {
  ava = await startInProcess();
  document = await readDocument(ava.url);
});
afterAll(() => ava?.stop());

/** The dashboard, and the pages about the API itself. */
const PAGES = ['/', '/*', '/api/v1/openapi.json', '/api/v1/docs', '/api/v1/docs/scalar.js', '/api/v1/docs/errors'];

test('every door is in the OpenAPI document, and the document names no door that is not there', async () => {
  const app = await createApp(ava.deps);
  await app.ready();
  const registered = routesOf(app.printRoutes({ commonPrefix: false }));
  await app.close();
  const doors = registered.filter((door) => !PAGES.includes(door.split(' ')[1]!));
  const documented = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
  const differences = [...difference(doors, documented), ...difference(documented, doors)];
  printResult({
    id: 'S12',
    value: differences.length,
    unit: 'differences between doors and document',
    goal: '0',
    floor: '0',
    pass: differences.length === 0,
    n: doors.length,
  });
  expect(differences).toEqual([]);
  expect(doors.length).toBeGreaterThan(80);
});

test('every private door says who may call it, and every door what it is', () => {
  const silent = operationsOf(document).filter(({ path, operation }) => {
    const isPrivate = '401' in operation.responses && '403' in operation.responses && !OPEN.test(path);
    return !operation.summary || !operation.tags?.length || (isPrivate && operation['x-ava-role'] === undefined);
  });
  expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

const OPEN = /^\/api\/v1\/auth\/(login|refresh|logout)$/;

test('the docs page shows this very document, and nothing of another host', async () => {
  const page = await fetch(`${ava.url}/api/v1/docs`);
  expect(await page.text()).toContain('/api/v1/openapi.json');
  expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'");
});

// After a change of the doors: vitest run test/attacks/inventory.test.ts --update=all
test('docs/INTEGRATIONS.md says what the document says', async () => {
  await expect(integrationsPage(document)).toMatchFileSnapshot('../../docs/INTEGRATIONS.md');
});

const difference = (left: string[], right: string[]) => left.filter((one) => !right.includes(one));

/** Reads the tree that the router prints; a line carries one part of a path, and the methods where a path ends. */
function routesOf(tree: string): string[] {
  const parts: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^([\s│├└─]*)(\S+)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (match === null) return [];
    const depth = match[1]!.length / 4 - 1;
    parts.length = depth;
    parts[depth] = match[2]!;
    const path = parts.join('').replaceAll(/:(\w+)/g, '{$1}');
    const methods = match[3]?.split(', ').filter((method) => method !== 'HEAD' && method !== 'OPTIONS') ?? [];
    return methods.map((method) => `${method} ${path}`);
  });
}
