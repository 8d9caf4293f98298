/**
 * Pictures of every page, light, dark and at the width of a phone: `node bin/run.mjs node test/browser/screenshots.ts [folder]`.
 * With `--readme` only the two pictures of the README, into docs/pictures.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const LOOKS: Record<string, BrowserContextOptions> = {
  light: { viewport: { width: 1360, height: 860 }, colorScheme: 'light' },
  dark: { viewport: { width: 1360, height: 860 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', isMobile: true, hasTouch: true },
};
const PATHS = [
  '/',
  '/calls',
  '/messages',
  '/numbers',
  '/assistants',
  '/assistants/new',
  '/settings/vapi-remote-settings',
  '/settings/vapi',
  '/settings/calls',
  '/settings/account',
  '/integrations',
  '/members',
  '/operations',
  '/operations/webhooks',
  '/operations/alerts',
  '/operations/audit',
  '/operations/releases',
  '/operations/support',
];
/** Lists whose first entry has a page of its own. */
const DETAILS = ['/calls', '/numbers', '/assistants'];

const isForReadme = process.argv.includes('--readme');
const given = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const folder = given ?? (isForReadme ? 'docs/pictures' : 'test-results/pictures');

/** An AVA that already runs, such as `RATE_LIMIT_PER_MINUTE=1000 npx ava demo`: pictures are taken faster than people read. */
const base = process.env['AVA_URL'] ?? 'http://127.0.0.1:8000';
const email = process.env['AVA_EMAIL'] ?? 'demo@ava.example';
const password = process.env['AVA_PASSWORD'] ?? 'demo-demo-demo';

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  if (isForReadme) await takeReadmePictures();
  else for (const look of Object.keys(LOOKS)) await takeAll(look);
} finally {
  await browser.close();
}

async function takeAll(look: string): Promise<void> {
  const page = await signedInPage(LOOKS[look]!);
  for (const address of PATHS) {
    await show(page, address);
    await take(page, `${address === '/' ? 'now' : address.slice(1).replaceAll('/', '-')}-${look}`, true);
  }
  for (const list of DETAILS) {
    await show(page, list);
    await page.getByRole('main').getByRole('listitem').getByRole('link').first().click();
    await settle(page);
    await take(page, `${list.slice(1)}-one-${look}`, true);
  }
  await page.context().close();
}

async function takeReadmePictures(): Promise<void> {
  const page = await signedInPage({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 });
  await show(page, '/');
  await take(page, 'now', false);
  await show(page, '/settings/vapi-remote-settings');
  await take(page, 'settings', false);
}

async function signedInPage(options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  await page.goto(base);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
  return page;
}

async function show(page: Page, address: string): Promise<void> {
  await page.goto(`${base}${address}`);
  await settle(page);
}

async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  while ((await page.getByRole('status', { name: 'Loading' }).count()) > 0) await page.waitForTimeout(50);
  await page.evaluate('document.fonts.ready');
  await page.waitForTimeout(300);
}

async function take(page: Page, name: string, fullPage: boolean): Promise<void> {
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file, fullPage });
  console.log(file);
}
