/** Every page on a slow line, with its live updates cut, and under an impatient finger. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printResult } from '../harness/result.ts';
import { type Relay, startRelay } from '../harness/relay.ts';
import {
  ASKING_PAGES,
  type Dashboard,
  hasBrowser,
  liveMark,
  startDashboard,
  untilLoaded,
  type Window,
} from './dashboard.ts';
import { MAIN_BUTTONS } from './main-buttons.ts';

/** Slow 3G as web measurements have it: 400 kbit/s, and 400 ms for a way and back. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
/** Above it a page counts as jumping: what browsers still call good. */
const GREATEST_SHIFT = 0.1;
/** Tabs at once; a browser opens six connections to a host, and each tab holds one for its live updates. */
const LANES = 3;
const LONG_MS = 300_000;

describe.skipIf(!hasBrowser)('a page on a bad line', { timeout: 240_000 }, () => {
  let dashboard: Dashboard;
  let relay: Relay;
  let window: Window;
  let cells = 0;
  beforeAll(async () => {
    dashboard = await startDashboard();
    relay = await startRelay(dashboard.telephone.ava.url);
    const { control } = dashboard.telephone.ava.simulator;
    const { callSid } = await control.placeCall({ to: dashboard.telephone.number, script: { says: ['Good morning'] } });
    await dashboard.telephone.callWhen(callSid, 'the call is over', (call) => call.status === 'ended');
    window = await dashboard.open({}, relay.url);
    await window.signIn();
  });
  afterAll(async () => {
    const all = 2 * ASKING_PAGES.length + MAIN_BUTTONS.length;
    printResult({
      id: 'R40',
      value: cells,
      unit: 'cells passed (slow 3G, dropped stream, double click)',
      goal: 'all',
      floor: 'all',
      pass: cells === all && window.faults.length === 0,
      n: all,
    });
    await relay.close();
    await dashboard.stop();
  });

  it(
    'shows its skeleton on slow 3G, then its content, without a jump and without an error',
    async () => {
      const shifts: Record<string, number> = {};
      const left = [...ASKING_PAGES];
      const walk = async () => {
        const page = await window.context.newPage();
        await watchShifts(page);
        // Scripts that one visit brought stay in the browser's cache, as they do for people.
        await page.goto(relay.url);
        await untilLoaded(page);
        const line = await window.context.newCDPSession(page);
        await line.send('Network.emulateNetworkConditions', SLOW_3G);
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          await page.goto(relay.url + next.path, { waitUntil: 'commit' });
          await page.getByRole('main').getByRole('status', { name: 'Loading' }).first().waitFor();
          await page.getByRole('heading', { name: next.heading, level: 1 }).waitFor();
          await untilLoaded(page);
          expect({ path: next.path, alerts: await page.getByRole('alert').allInnerTexts() }).toEqual({
            path: next.path,
            alerts: [],
          });
          shifts[next.path] = await page.evaluate<number>('window.shifted');
          cells += 1;
        }
        await page.close();
      };
      await Promise.all(Array.from({ length: LANES }, walk));
      expect(Object.entries(shifts).filter(([, shift]) => shift > GREATEST_SHIFT)).toEqual([]);
      expect(window.faults).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'says that its live updates were cut, and takes them up again where they broke off',
    async () => {
      const pages = await Promise.all(Array.from({ length: LANES }, () => window.context.newPage()));
      for (let at = 0; at < ASKING_PAGES.length; at += pages.length) {
        const batch = ASKING_PAGES.slice(at, at + pages.length).map((entry, index) => ({
          ...entry,
          page: pages[index]!,
        }));
        for (const { page, path } of batch) {
          await page.goto(relay.url + path);
          await untilLoaded(page);
          await liveMark(page, 'Live').waitFor();
        }
        relay.cutStreams();
        await Promise.all(batch.map(({ page }) => liveMark(page, 'Live updates cut, reconnecting').waitFor()));
        for (const { page } of batch) {
          await liveMark(page, 'Live').waitFor();
          cells += 1;
        }
      }
      for (const page of pages) await page.close();
      expect(window.faults).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'shows what happened while its live updates were away',
    async () => {
      const { page } = window;
      await page.goto(`${relay.url}/calls`);
      await untilLoaded(page);
      await liveMark(page, 'Live').waitFor();
      const calls = page.getByRole('main').getByRole('listitem');
      const before = await calls.count();
      const { control } = dashboard.telephone.ava.simulator;
      await control.placeCall({ to: dashboard.telephone.number, script: { says: ['While connected'] } });
      await expect.poll(() => calls.count(), { timeout: 30_000 }).toBe(before + 1);
      const resumed = relay.resumedFrom.length;
      relay.cutStreams();
      await control.placeCall({ to: dashboard.telephone.number, script: { says: ['While cut off'] } });
      await expect.poll(() => calls.count(), { timeout: 45_000 }).toBe(before + 2);
      expect(relay.resumedFrom.length).toBeGreaterThan(resumed);
    },
    LONG_MS,
  );

  for (const { path, does, write, reach } of MAIN_BUTTONS) {
    it(`asks once for a double click: ${does}`, async () => {
      const { page } = window;
      await page.goto(relay.url + path);
      await untilLoaded(page);
      const button = await reach(page, dashboard);
      const asked: string[] = [];
      const note = (request: { method(): string; url(): string }) => {
        const line = `${request.method()} ${new URL(request.url()).pathname}`;
        if (write.test(line)) asked.push(line);
      };
      page.on('request', note);
      const answered = page.waitForResponse((reply) =>
        write.test(`${reply.request().method()} ${new URL(reply.url()).pathname}`),
      );
      await button.scrollIntoViewIfNeeded();
      const box = (await button.boundingBox())!;
      // The pause between the clicks of a person: long enough for a fast answer to come in between.
      await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2, { delay: 70 });
      expect((await answered).status()).toBeLessThan(300);
      // What a second click had begun would be on its way with the next frame.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      page.off('request', note);
      expect(asked).toHaveLength(1);
      cells += 1;
    });
  }

  it('left no uncaught error and no breach of the content policy', () => {
    expect(window.faults).toEqual([]);
  });
});

/** Adds up every movement of what stood already, as browsers measure it. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(`
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  `);
}
