/**
 * The states of Settings → Vapi Remote Settings in a real browser, signed in as a tenant of verification's own. What the
 * page asks goes to the installation; only what cannot be brought about there without harm (an answer that waits, a
 * rejected key, an empty list) is answered by the check.
 */
import { existsSync } from 'node:fs';
import type { Browser, Page, Route } from 'playwright-core';
import type { Evidence } from '../../features/releases/contract.ts';
import type { VerifyContext } from './context.ts';
import { CheckFailed, must, skip } from './run.ts';
import { type Said, say } from './say.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
const PAGE = '/settings/vapi-remote-settings';
const LIST = /\/api\/v1\/vapi\/settings(\?|$)/;
const ONE = /\/api\/v1\/vapi\/settings\/[a-z_]+(\?|$)/;
const WAIT_MS = 30_000;

export async function dashboardStates(context: VerifyContext, note: (evidence: Evidence) => void): Promise<Said> {
  const browser = await openBrowser(context.options.browser);
  try {
    const page = await signedIn(context, browser);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    for (const [title, look] of STATES) {
      const seen = await look(page, context.options.url).catch((error: unknown) => failed(title, error));
      note({ request: `browser: ${title}`, response: seen });
    }
    must(faults.length === 0, say`The page threw: ${faults[0]}`);
    return say`In Chromium: ${STATES.map(([title]) => title).join(', ')}.`;
  } finally {
    await browser.close();
  }
}

/** Throws `CheckSkipped` where there is no browser, or nothing to steer one with: that is never a passed check. */
async function openBrowser(wanted: string | undefined): Promise<Browser> {
  const executablePath = wanted ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined || !existsSync(executablePath)) {
    skip(say`Needs a browser: install Chromium here, or name one with --browser. Not counted as passed.`);
  }
  const library = await import('playwright-core').catch(() => undefined);
  if (library === undefined) {
    skip(
      say`Needs the package playwright-core, which a server installed without its development packages lacks. Not counted as passed.`,
    );
  }
  const args = ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return library.chromium.launch({ executablePath, args });
}

async function signedIn({ probe, sessions, options }: VerifyContext, browser: Browser): Promise<Page> {
  const { token, isSynthetic } = await sessions.fresh();
  if (!isSynthetic) skip(say`Changes a setting, so it needs a tenant of its own: verify with an operator's token.`);
  const me = await probe.ask('GET', '/api/v1/auth/me', { token });
  must(me.status === 200, say`/api/v1/auth/me answered ${me.status}.`);
  const session = { ...me.json, access_token: token, token_type: 'Bearer', expires_in: 900 };
  const page = await (await browser.newContext({ locale: 'en-GB', baseURL: options.url })).newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.route(/\/api\/v1\/auth\/refresh$/, (route) => route.fulfill({ json: session }));
  return page;
}

type State = [title: string, look: (page: Page, url: string) => Promise<string>];

const STATES: State[] = [
  ['loading skeleton', showsSkeleton],
  ['the list', showsList],
  ['edit and success toast', savesAnEdit],
  ['a rejected key explained', explainsRejectedKey],
  ['"No settings configured"', showsEmptyList],
];

const greeting = (page: Page) => page.getByRole('textbox', { name: 'Greeting' });
const save = (page: Page) => page.getByRole('button', { name: 'Save Greeting', exact: true });

async function showsSkeleton(page: Page, url: string): Promise<string> {
  const held: Route[] = [];
  let isHolding = true;
  await page.route(LIST, (route) => (isHolding ? void held.push(route) : route.continue()));
  await page.goto(`${url}${PAGE}`, { waitUntil: 'commit' });
  await page.getByRole('main').getByRole('status', { name: 'Loading' }).waitFor();
  must((await greeting(page).count()) === 0, say`Settings are shown before they have come.`);
  isHolding = false;
  await Promise.all(held.map((route) => route.continue()));
  await page.unroute(LIST);
  return 'While the settings are on their way the page shows its skeleton.';
}

async function showsList(page: Page): Promise<string> {
  await greeting(page).waitFor();
  const names = ['Voice speed', 'Temperature', 'Longest answer', 'Longest call'];
  for (const name of names) await page.getByRole('slider', { name, exact: true }).waitFor();
  return `Greeting, ${names.join(', ')}.`;
}

async function savesAnEdit(page: Page): Promise<string> {
  const words = `Verified at ${new Date().toISOString()}`;
  await greeting(page).fill(words);
  const stored = page.waitForResponse((answer) => ONE.test(answer.url()) && answer.request().method() === 'PUT');
  await save(page).click();
  const answer = await stored;
  must(answer.status() === 200, say`Saving the greeting answered ${answer.status()}.`);
  await page.getByText('Greeting saved').first().waitFor();
  return `PUT answered 200; the page says "Greeting saved".`;
}

async function explainsRejectedKey(page: Page): Promise<string> {
  const problem = {
    ...{ type: 'about:blank', title: 'Vapi rejected the API key', status: 401, code: 'vapi_credentials_rejected' },
    detail: 'Vapi rejected your API key. Update it in Settings → Vapi.',
    correlation_id: 'verification-rejected-key',
  };
  const refuse = (route: Route) =>
    route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  await page.route(ONE, refuse);
  await greeting(page).fill('Hello with a bad key');
  await save(page).click();
  await page.getByRole('alert').filter({ hasText: problem.detail }).first().waitFor();
  must((await greeting(page).inputValue()) === 'Hello with a bad key', say`What was typed is gone after the refusal.`);
  await page.unroute(ONE);
  return `"${problem.detail}"; the session and what was typed stay.`;
}

async function showsEmptyList(page: Page, url: string): Promise<string> {
  const empty = { settings: [], assistant_id: null, stale: false, as_of: new Date().toISOString(), drift: false };
  await page.route(LIST, (route) => route.fulfill({ json: empty }));
  await page.goto(`${url}${PAGE}`, { waitUntil: 'commit' });
  await page.getByText('No settings configured').waitFor();
  return 'Without settings the page says "No settings configured".';
}

function failed(title: string, error: unknown): never {
  if (error instanceof CheckFailed) throw error;
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  throw new CheckFailed(say`${title}: ${reason}`);
}
