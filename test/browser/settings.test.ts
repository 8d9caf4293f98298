/** Settings → Vapi Remote Settings, step by step, as the deployment guide has it. */
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, hasBrowser, startDashboard, type Window } from './dashboard.ts';

const PATH = '/settings/vapi-remote-settings';
const LIST = /\/api\/v1\/vapi\/settings(\?.*)?$/;

describe.skipIf(!hasBrowser)('Settings, Vapi Remote Settings', () => {
  let dashboard: Dashboard;
  let window: Window;
  let page: Page;
  beforeAll(async () => {
    dashboard = await startDashboard();
    window = await dashboard.open();
    page = window.page;
    await window.signIn();
  });
  afterAll(() => dashboard.stop());

  const greeting = () => page.getByRole('textbox', { name: 'Greeting' });
  const save = () => page.getByRole('button', { name: 'Save Greeting', exact: true });

  it('shows a skeleton while the settings are on their way, then the list', async () => {
    const held: Route[] = [];
    let isHolding = true;
    await page.route(LIST, (route) => (isHolding ? void held.push(route) : route.continue()));
    await window.go(PATH);
    await page.getByRole('main').getByRole('status', { name: 'Loading' }).waitFor();
    expect(await greeting().count()).toBe(0);
    // Let go before the route is taken away: taking it away hands what it holds to the browser by itself.
    isHolding = false;
    await Promise.all(held.map((route) => route.continue()));
    await page.unroute(LIST);
    await greeting().waitFor();
    for (const name of ['Voice speed', 'Temperature', 'Longest answer', 'Longest call']) {
      await page.getByRole('slider', { name, exact: true }).waitFor();
    }
    await page.getByRole('switch', { name: 'Transcription' }).waitFor();
  });

  it('saves an edit, says so, and takes it back with Undo', async () => {
    await window.go(PATH);
    const before = await greeting().inputValue();
    await greeting().fill('Welcome to Birch Dental.');
    await page.getByText('24 of 200 characters').waitFor();
    await save().click();
    await page.getByText('Greeting saved').waitFor();
    expect(await valueOf('greeting_message')).toBe('Welcome to Birch Dental.');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Greeting is back to what it was').waitFor();
    expect(await greeting().inputValue()).toBe(before);
    expect(await valueOf('greeting_message')).toBe(before);
  });

  it('says what is wrong with a value before it is sent', async () => {
    await window.go(PATH);
    const field = page.getByRole('textbox', { name: 'Value of Longest call' });
    await field.fill('30');
    await page.getByText('Must be between 60 and 3600.').waitFor();
    await page.getByRole('button', { name: 'Discard the change of Longest call' }).click();
    expect(await field.inputValue()).not.toBe('30');
  });

  it('explains a rejected API key, shows where to change it, and keeps the session and the text', async () => {
    const fault = dashboard.telephone.ava.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 401 });
    await window.go(PATH);
    await greeting().fill('Hello with a bad key');
    await save().click();
    const alert = page
      .getByRole('alert')
      .filter({ hasText: 'Vapi rejected your API key. Update it in Settings → Vapi.' });
    await alert.first().waitFor();
    await alert
      .first()
      .getByRole('button', { name: /Copy Correlation id/ })
      .waitFor();
    expect(await greeting().inputValue()).toBe('Hello with a bad key');
    await alert.first().getByRole('link', { name: 'Open Settings → Vapi' }).click();
    await page.getByRole('heading', { name: 'Vapi API key' }).waitFor();
    expect(fault).toBeTruthy();
    dashboard.telephone.ava.simulator.control.clearFaults();
    await page.goBack();
    expect(await greeting().inputValue()).toBe('Hello with a bad key');
    await page.getByRole('button', { name: 'Discard the change of Greeting' }).click();
  });

  it('keeps the last known values readable with their age while Vapi is down', async () => {
    dashboard.telephone.ava.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503 });
    await window.go(PATH);
    await greeting().waitFor();
    await until(async () => (await listOf()).stale === true);
    await page.reload();
    await page.getByText(/Last known values/).waitFor();
    await greeting().waitFor();
    dashboard.telephone.ava.simulator.control.clearFaults();
    await until(async () => (await listOf()).stale === false);
  });

  it('shows both values when somebody else was faster, and lets one choose', async () => {
    await window.go(PATH);
    await greeting().fill('Mine');
    await change('greeting_message', 'Theirs');
    await save().click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await dialog.getByText('Theirs', { exact: true }).waitFor();
    await dialog.getByText('Mine', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Save mine over it' }).click();
    await page.getByText('Greeting saved').waitFor();
    expect(await valueOf('greeting_message')).toBe('Mine');
  });

  it('brings an earlier version back from the history', async () => {
    await window.go(PATH);
    await page.getByRole('button', { name: 'History of Greeting' }).click();
    const sheet = page.getByRole('dialog', { name: 'History of Greeting' });
    await sheet
      .getByRole('button', { name: /^Restore version/ })
      .first()
      .click();
    await page.getByText('Greeting restored').waitFor();
    await page.keyboard.press('Escape');
    expect(await greeting().inputValue()).toBe(await valueOf('greeting_message'));
  });

  it('adds, edits and removes a custom setting as JSON', async () => {
    await window.go(PATH);
    await page.getByRole('button', { name: 'Add a custom setting' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Key').fill('opening_hours');
    await dialog.getByLabel('Value (JSON)').fill('{"mon": ');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByText('This is not valid JSON.').waitFor();
    await dialog.getByLabel('Value (JSON)').fill('{"mon": "9-5"}');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('opening_hours added').waitFor();
    expect(await valueOf('opening_hours')).toEqual({ mon: '9-5' });
    await page.getByRole('form', { name: 'opening_hours' }).getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('opening_hours removed').waitFor();
  });

  it('says so when no settings are configured, with a way on', async () => {
    const nothing = { settings: [], assistant_id: null, stale: false, as_of: null, drift: false };
    await page.route(LIST, (route) => route.fulfill({ json: nothing }));
    await window.go(PATH);
    await page.getByRole('heading', { name: 'No settings configured' }).waitFor();
    await page.getByRole('link', { name: 'Create an assistant' }).waitFor();
    await page.unroute(LIST);
  });

  it('counts down when asked too often, and goes on by itself', async () => {
    let refusals = 0;
    await page.route(LIST, (route) => {
      refusals += 1;
      return refusals > 1 ? route.continue() : route.fulfill(tooMany(2));
    });
    await window.go(PATH);
    await page.getByText(/It goes on by itself in \d s\./).waitFor();
    await greeting().waitFor();
    await page.unroute(LIST);
    expect(refusals).toBe(2);
  });

  it('sends one request for a double click', async () => {
    await window.go(PATH);
    const puts: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PUT') puts.push(request.url());
    });
    await greeting().fill('Once only');
    await save().dblclick();
    await page.getByText('Greeting saved').first().waitFor();
    expect(puts).toHaveLength(1);
  });

  it('left no uncaught error and no breach of the content policy', () => {
    expect(window.faults).toEqual([]);
  });

  const listOf = () => dashboard.telephone.json('/vapi/settings');
  const valueOf = async (key: string) =>
    (await listOf()).settings.find((setting: { key: string }) => setting.key === key)?.value;
  const change = (key: string, value: unknown) =>
    dashboard.telephone.json(`/vapi/settings/${key}`, { method: 'PUT', body: JSON.stringify({ value }) });
});

function tooMany(seconds: number) {
  const problem = { type: '', title: '', status: 429, detail: '', code: 'rate_limited', correlation_id: 'test-1' };
  return { status: 429, headers: { 'retry-after': String(seconds) }, json: problem };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  await expect.poll(check, { timeout: 40_000, interval: 250 }).toBe(true);
}
