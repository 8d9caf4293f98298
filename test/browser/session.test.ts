/** Sessions: what is typed outlives them, tabs share them, and nothing of them lies where scripts could read it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OWNER } from '../harness/ava.ts';
import {
  type Dashboard,
  fillSignIn,
  hasBrowser,
  MAIN_PAGES,
  startDashboard,
  untilLoaded,
  type Window,
} from './dashboard.ts';

describe.skipIf(!hasBrowser)('a session', () => {
  let dashboard: Dashboard;
  const windows: Window[] = [];
  beforeAll(async () => {
    dashboard = await startDashboard();
  });
  afterEach(async () => {
    for (const window of windows.splice(0)) await window.context.close();
  });
  afterAll(() => dashboard.stop());
  const open = async () => {
    const window = await dashboard.open();
    windows.push(window);
    return window;
  };

  it('refuses a wrong password in a sentence', async () => {
    const { page, go } = await open();
    await go('/');
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('E-mail or password is wrong.').waitFor();
  });

  it('leads where one wanted to go after signing in', async () => {
    const { page, go } = await open();
    await go('/operations/audit');
    await fillSignIn(page);
    await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
  });

  it('that ends in the middle of a form keeps the form, and sends it after signing in again', async () => {
    const { page, signIn, go } = await open();
    await signIn();
    await go('/settings/vapi-remote-settings');
    const greeting = page.getByRole('textbox', { name: 'Greeting' });
    await greeting.fill('Typed before the session ended');
    await endSession(page);
    await page.getByRole('button', { name: 'Save Greeting', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    await page.unrouteAll();
    await fillSignIn(page);
    await page.getByText('Greeting saved').waitFor();
    expect(await greeting.inputValue()).toBe('Typed before the session ended');
  });

  it('is shared by tabs: one renews while the other works, and both stay', async () => {
    const { page, context, signIn, go } = await open();
    await signIn();
    const other = await context.newPage();
    await other.goto(page.url());
    await untilLoaded(other);
    await Promise.all([page.reload(), other.reload()]);
    await Promise.all([untilLoaded(page), untilLoaded(other)]);
    await go('/members');
    await page.getByText(OWNER.email).first().waitFor();
    await other.getByRole('link', { name: 'Calls', exact: true }).first().click();
    await other.getByRole('heading', { name: 'Calls', level: 1 }).waitFor();
  });

  it('that is signed out in one tab is signed out in the other', async () => {
    const { page, context, signIn } = await open();
    await signIn();
    const other = await context.newPage();
    await other.goto(page.url());
    await untilLoaded(other);
    await page.getByRole('button', { name: /^Account:/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to AVA' }).waitFor();
    await other.getByRole('heading', { name: 'Sign in to AVA' }).waitFor();
  });

  it('leaves no token in storage, in readable cookies or in the address', async () => {
    const { page, signIn } = await open();
    const tokens: string[] = [];
    page.on('response', async (response) => {
      if (!response.url().includes('/auth/')) return;
      const body = (await response.json().catch(() => ({}))) as { access_token?: string };
      if (body.access_token !== undefined) tokens.push(body.access_token);
    });
    await signIn();
    const readable = await page.evaluate<string>(
      'JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href])',
    );
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) expect(readable).not.toContain(token);
    expect(readable).not.toMatch(/eyJ|refresh/);
  });

  it('of a viewer sees no buttons that the server would refuse, and a page that says what it takes', async () => {
    const email = 'viewer@example.test';
    await dashboard.telephone.json('/members', {
      method: 'POST',
      body: JSON.stringify({ email, role: 'viewer', password: OWNER.password }),
    });
    const { page, go } = await open();
    await go('/settings/vapi-remote-settings');
    await page.getByLabel('E-mail').fill(email);
    await fillSignIn(page);
    await page.getByText('You need the role editor to change settings.').waitFor();
    expect(await page.getByRole('textbox', { name: 'Greeting' }).isDisabled()).toBe(true);
    await go('/operations/alerts');
    await page.getByText('This needs an operator.').waitFor();
  });
});

describe.skipIf(!hasBrowser)('ten requests a minute', () => {
  it('are enough to walk through every page', async () => {
    const dashboard = await startDashboard({ env: { RATE_LIMIT_PER_MINUTE: '10' } });
    try {
      const { page, signIn } = await dashboard.open();
      const refused: string[] = [];
      page.on('response', (response) => {
        if (response.status() === 429) refused.push(response.url());
      });
      await signIn();
      for (const { heading } of MAIN_PAGES) {
        const link = page.getByRole('navigation').getByRole('link', { name: heading, exact: true }).first();
        if ((await link.count()) === 0) continue;
        await link.click();
        await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
        await untilLoaded(page);
      }
      expect(refused).toEqual([]);
    } finally {
      await dashboard.stop();
    }
  }, 240_000);
});

/** From here on every token is refused, and so is its renewal. */
async function endSession(page: Page): Promise<void> {
  const problem = { type: '', title: '', status: 401, detail: '', code: 'unauthenticated', correlation_id: 'test-1' };
  await page.route(/\/api\/v1\//, (route) =>
    route.request().url().includes('/auth/login') ? route.continue() : route.fulfill({ status: 401, json: problem }),
  );
}
