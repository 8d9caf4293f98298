/** The dashboard in a real Chromium, before AVA started whole: one number that the assistant answers, and one call. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ensureDashboard } from '../../bin/bootstrap/dashboard.mjs';
import { type AvaOptions, OWNER } from '../harness/ava.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Without a browser on the machine these tests are left out; `npm test` says so. */
export const hasBrowser = CHROMIUM !== undefined;

export type Dashboard = {
  telephone: Telephone;
  browser: Browser;
  /** A window of its own, with what went wrong in it; `base` is another way to AVA. */
  open(options?: BrowserContextOptions, base?: string): Promise<Window>;
  stop(): Promise<void>;
};

export type Window = {
  page: Page;
  context: BrowserContext;
  /** Uncaught errors and refusals of the content security policy. */
  faults: string[];
  /** Requests that left for another origin. */
  outside: string[];
  signIn(): Promise<void>;
  go(path: string): Promise<void>;
};

export async function startDashboard(options: AvaOptions = {}): Promise<Dashboard> {
  await ensureDashboard();
  // Circuits that an outage of a test opened close again within the test.
  const env = { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '1', ...options.env };
  const telephone = await startTelephone({ ...options, env });
  await telephone.route();
  const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu'] });
  const base = telephone.ava.url;
  return {
    telephone,
    browser,
    open: async (given, by = base) => openWindow(await browser.newContext({ locale: 'en-GB', ...given }), by),
    async stop() {
      await browser.close();
      await telephone.stop();
    },
  };
}

async function openWindow(context: BrowserContext, base: string): Promise<Window> {
  const page = await context.newPage();
  // Far above what a page needs, for machines that do much else meanwhile.
  page.setDefaultTimeout(40_000);
  const faults: string[] = [];
  const outside: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob):/.test(url)) outside.push(url);
  });
  return {
    page,
    context,
    faults,
    outside,
    async signIn() {
      await page.goto(base);
      await fillSignIn(page);
      await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
    },
    async go(path) {
      await page.goto(`${base}${path}`);
    },
  };
}

export async function fillSignIn(page: Page): Promise<void> {
  const email = page.getByLabel('E-mail');
  await email.waitFor();
  if ((await email.inputValue()) === '') await email.fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** What the shell says of the live updates. */
export function liveMark(page: Page, says: string) {
  return page.getByRole('complementary').getByText(says, { exact: true });
}

export type MainPage = { path: string; heading: string };

/** The pages that people and operators work on. */
export const MAIN_PAGES: MainPage[] = [
  { path: '/', heading: 'Now' },
  { path: '/calls', heading: 'Calls' },
  { path: '/messages', heading: 'Messages' },
  { path: '/numbers', heading: 'Numbers' },
  { path: '/assistants', heading: 'Assistants' },
  { path: '/assistants/new', heading: 'New assistant' },
  { path: '/settings/vapi-remote-settings', heading: 'Vapi Remote Settings' },
  { path: '/settings/vapi', heading: 'Vapi' },
  { path: '/settings/calls', heading: 'Call rules' },
  { path: '/settings/account', heading: 'Your account' },
  { path: '/integrations', heading: 'Integrations' },
  { path: '/members', heading: 'Members' },
  { path: '/operations', heading: 'Circuit breakers' },
  { path: '/operations/webhooks', heading: 'Webhook ledger' },
  { path: '/operations/alerts', heading: 'Alerts' },
  { path: '/operations/audit', heading: 'Audit log' },
  { path: '/operations/releases', heading: 'Releases' },
  { path: '/operations/support', heading: 'Support' },
];

/** Pages that ask the server for what they show. */
export const ASKING_PAGES = MAIN_PAGES.filter(({ path }) => !['/assistants/new', '/settings/account'].includes(path));

/** Waits until nothing on the page is on its way any more. */
export async function untilLoaded(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count(), { timeout: 40_000 }).toBe(0);
}
