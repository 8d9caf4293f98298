/** Every page in every bad hour: it says what happened, keeps what was typed, and comes back by itself or on one click. */
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printResult } from '../harness/result.ts';
import {
  ASKING_PAGES,
  type Dashboard,
  fillSignIn,
  hasBrowser,
  startDashboard,
  untilLoaded,
  type Window,
} from './dashboard.ts';

/** Everything but signing in, and the stream of events. */
const ASKED = /\/api\/v1\/(?!auth\/|events)/;
const SESSION = /\/api\/v1\/auth\/refresh/;

describe.skipIf(!hasBrowser)('a page in a bad hour', () => {
  let dashboard: Dashboard;
  let window: Window;
  let page: Page;
  let cells = 0;
  beforeAll(async () => {
    dashboard = await startDashboard();
    window = await dashboard.open();
    page = window.page;
    await window.signIn();
  });
  afterAll(async () => {
    printResult({
      id: 'R40',
      value: cells,
      unit: 'cells passed',
      goal: 'all',
      floor: 'all',
      pass: window.faults.length === 0,
      n: ASKING_PAGES.length * 6,
    });
    await dashboard.stop();
  });

  /** The page stands, says something, and has not thrown. */
  const standsWith = async (heading: string | undefined, sentence: RegExp) => {
    if (heading !== undefined) await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.getByText(sentence).first().waitFor();
    expect(window.faults).toEqual([]);
  };
  const recovers = async () => {
    await page.unroute(ASKED);
    const again = page.getByRole('main').getByRole('button', { name: 'Try again' });
    await expect
      .poll(
        async () => {
          await again
            .first()
            .click({ timeout: 250 })
            .catch(() => undefined);
          return again.count();
        },
        { timeout: 20_000 },
      )
      .toBe(0);
    await untilLoaded(page);
    cells += 1;
  };

  for (const { path, heading } of ASKING_PAGES) {
    describe(heading, () => {
      it('says that AVA failed, with the id to give to an operator, and tries again on a click', async () => {
        await page.route(ASKED, (route) => answer(route, 500, 'internal'));
        await window.go(path);
        await standsWith(heading, /Something went wrong inside AVA/);
        await page
          .getByRole('button', { name: /Copy Correlation id/ })
          .first()
          .waitFor();
        await recovers();
      });

      it('counts down a 429 and goes on by itself', async () => {
        const refused = new Set<string>();
        await page.route(ASKED, (route) => {
          const url = route.request().url();
          if (refused.has(url)) return route.continue();
          refused.add(url);
          return answer(route, 429, 'rate_limited', { 'retry-after': '1' });
        });
        await window.go(path);
        await standsWith(heading, /It goes on by itself in \d+ s/);
        await untilLoaded(page);
        await expect.poll(() => page.getByText(/It goes on by itself/).count(), { timeout: 10_000 }).toBe(0);
        await recovers();
      });

      it('says that an answer is unreadable', async () => {
        await page.route(ASKED, (route) =>
          route.fulfill({ status: 200, contentType: 'application/json', body: '{"set' }),
        );
        await window.go(path);
        await standsWith(heading, /could not be read/);
        await recovers();
      });

      it('survives an answer of another shape', async () => {
        await page.route(ASKED, (route) => route.fulfill({ status: 200, json: { unexpected: true } }));
        await window.go(path);
        await standsWith(heading, /could not be read|stopped working/);
        await recovers();
      });

      it('says that it is offline, and goes on when the connection is back', async () => {
        await window.go('/settings/account');
        await page.getByRole('heading', { name: 'Your account' }).waitFor();
        await window.context.setOffline(true);
        await page
          .getByText(/You are offline/)
          .first()
          .waitFor();
        await window.context.setOffline(false);
        await page.route(ASKED, (route) => route.abort('internetdisconnected'));
        await window.go(path);
        await standsWith(heading, /AVA cannot be reached/);
        await recovers();
      });

      it('asks to sign in over the page when the session ends, and goes on there', async () => {
        await window.go(path);
        await untilLoaded(page);
        await page.route(ASKED, (route) => answer(route, 401, 'unauthenticated'));
        await page.route(SESSION, (route) => answer(route, 401, 'unauthenticated'));
        await page.reload();
        await page.getByRole('heading', { name: 'Sign in to AVA' }).waitFor();
        await page.unroute(ASKED);
        await page.unroute(SESSION);
        await fillSignIn(page);
        await untilLoaded(page);
        expect(new URL(page.url()).pathname).toBe(path);
        cells += 1;
      });
    });
  }

  it('finds its way back with the back button, from page to page', async () => {
    for (const { path } of ASKING_PAGES) {
      await window.go(path);
      await untilLoaded(page);
    }
    for (const { path } of ASKING_PAGES.toReversed().slice(1)) {
      await page.goBack();
      await untilLoaded(page);
      expect(new URL(page.url()).pathname).toBe(path);
    }
    expect(window.faults).toEqual([]);
  }, 240_000);
});

function answer(route: Route, status: number, code: string, headers: Record<string, string> = {}): Promise<void> {
  const problem = {
    type: '',
    title: 'Refused',
    status,
    detail: 'Refused.',
    code,
    correlation_id: 'test-correlation-1',
  };
  return route.fulfill({ status, headers, contentType: 'application/problem+json', body: JSON.stringify(problem) });
}
