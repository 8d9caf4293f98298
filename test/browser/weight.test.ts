/** What the dashboard weighs on the wire, and how soon it shows. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../house/imports.ts';
import { printResult } from '../harness/result.ts';
import { type Dashboard, fillSignIn, hasBrowser, startDashboard, untilLoaded } from './dashboard.ts';

const ASSETS = path.join(ROOT, 'dist', 'web', 'assets');

describe.skipIf(!hasBrowser)('the weight of the dashboard', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await startDashboard();
  });
  afterAll(() => dashboard.stop());

  it('stays under 170 KB of compressed script for the first page, and 700 KB for all', async () => {
    const { page } = await dashboard.open();
    const asked = watchScripts(page);
    await page.goto(dashboard.telephone.ava.url);
    await page.getByLabel('E-mail').waitFor();
    await page.waitForLoadState('networkidle');
    await fillSignIn(page);
    await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
    await untilLoaded(page);
    await page.waitForLoadState('networkidle');
    const first = kilobytes([...asked]);
    const all = kilobytes(readdirSync(ASSETS).filter((name) => name.endsWith('.js')));
    printResult({
      id: 'P10',
      value: first,
      unit: 'KB gz of script for the first page',
      goal: '80',
      floor: '170',
      pass: first <= 170,
      n: asked.size,
    });
    printResult({
      id: 'P10',
      value: all,
      unit: 'KB gz of script in all',
      goal: '300',
      floor: '700',
      pass: all <= 700,
      n: readdirSync(ASSETS).length,
    });
    expect(first).toBeLessThanOrEqual(170);
    expect(all).toBeLessThanOrEqual(700);
  });

  it('is served compressed, and cached for ever under its hash', async () => {
    const name = readdirSync(ASSETS).find((file) => /^index-.*\.js$/.test(file))!;
    const response = await fetch(`${dashboard.telephone.ava.url}/assets/${name}`, {
      headers: { 'accept-encoding': 'br' },
    });
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(response.headers.get('cache-control')).toContain('immutable');
    const page = await fetch(`${dashboard.telephone.ava.url}/calls/anything`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(await page.text()).toContain('<div id="root">');
    expect((await fetch(`${dashboard.telephone.ava.url}/api/v1/nothing`)).status).toBe(404);
    expect((await fetch(`${dashboard.telephone.ava.url}/assets/nothing.js`)).status).toBe(404);
  });
});

function watchScripts(page: Page): Set<string> {
  const asked = new Set<string>();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/assets/') && pathname.endsWith('.js')) asked.add(path.basename(pathname));
  });
  return asked;
}

function kilobytes(names: string[]): number {
  const bytes = names.reduce((sum, name) => sum + statSync(path.join(ASSETS, `${name}.gz`)).size, 0);
  return Math.round(bytes / 102.4) / 10;
}
