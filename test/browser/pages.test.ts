/** What single pages are for, done once in a real browser. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Said, say, textOf } from '../../src/cli/verify/say.ts';
import { OWNER } from '../harness/ava.ts';
import { type Dashboard, hasBrowser, startDashboard, untilLoaded, type Window } from './dashboard.ts';

describe.skipIf(!hasBrowser)('a page', { timeout: 240_000 }, () => {
  let dashboard: Dashboard;
  let window: Window;
  let page: Page;
  let callId: string;
  beforeAll(async () => {
    dashboard = await startDashboard();
    const { telephone } = dashboard;
    const { callSid } = await telephone.ava.simulator.control.placeCall({
      to: telephone.number,
      script: { says: ['Good morning'] },
    });
    const call = await telephone.callWhen(callSid, 'its recording is known', (one) => one.has_recording);
    callId = call.id;
    window = await dashboard.open();
    page = window.page;
    await window.signIn();
  });
  afterAll(() => dashboard.stop());

  it('Now asks one question for all numbers, and says who takes over', async () => {
    const asked: string[] = [];
    const note = (request: { url(): string }) => {
      const { pathname } = new URL(request.url());
      if (pathname.includes('/routing')) asked.push(pathname);
    };
    page.on('request', note);
    await window.go('/');
    await untilLoaded(page);
    await page.getByText('If it cannot: Ann, then voicemail.').waitFor();
    page.off('request', note);
    expect(asked).toEqual(['/api/v1/twilio/numbers/routing/now']);
  });

  it('Now says by itself that the assistant does not answer any more, and that it does again', async () => {
    const turn = (what: string) =>
      dashboard.telephone.json(`/ops/circuit-breakers/vapi/${what}`, {
        method: 'POST',
        body: JSON.stringify({ reason: 'To see what callers hear' }),
      });
    await window.go('/');
    await untilLoaded(page);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('The assistant answers', { exact: true }).waitFor();
    await turn('isolate');
    await page.getByText('The assistant does not answer right now').waitFor();
    await page.getByText('Ann. ').first().waitFor();
    await turn('close');
    await page.getByText('The assistant answers', { exact: true }).waitFor();
  });

  it('a call that was opened is read for the person who opened it, and stays unread for others', async () => {
    await window.go('/calls?unread=true');
    await untilLoaded(page);
    await page.locator(`a[href="/calls/${callId}"]`).click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    const read = async () => {
      const { calls } = await dashboard.telephone.json('/calls?limit=200');
      return calls.find((call: { id: string }) => call.id === callId).read;
    };
    await expect.poll(read, { timeout: 40_000 }).toBe(true);
    await window.go('/calls?unread=true');
    await untilLoaded(page);
    await expect.poll(() => page.locator(`a[href="/calls/${callId}"]`).count(), { timeout: 40_000 }).toBe(0);
  });

  it('Messages shows the mail about a call, and leads to the call', async () => {
    await window.go('/messages');
    await untilLoaded(page);
    const mail = page.getByRole('main').locator(`a[href="/calls/${callId}"]`);
    await mail.getByText('Sent', { exact: true }).waitFor();
    expect(await mail.textContent()).not.toContain(OWNER.email);
    await mail.click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
  });

  it('Call rules keeps limits, retention and text messages', async () => {
    await window.go('/settings/calls');
    await untilLoaded(page);
    await page.getByLabel('Countries that may be called').fill('us, Germany');
    await page.getByText('GERMANY is not a two-letter country code.').waitFor();
    await page.getByLabel('Countries that may be called').fill('us, de');
    await page.getByRole('button', { name: 'Save limits' }).click();
    await page.getByText('Limits saved').waitFor();
    expect(await dashboard.telephone.json('/calls/limits')).toMatchObject({ countries: ['US', 'DE'] });
    await page.getByLabel('Keep calls').selectOption('90');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Keep calls for 90 days?' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Calls are kept as you chose').waitFor();
    expect(await dashboard.telephone.json('/calls/retention')).toEqual({ days: 90 });
    await page.getByLabel('Send a text').selectOption('voicemail');
    await page.getByRole('button', { name: 'Save text messages' }).click();
    await page.getByText('Name at least one number.').waitFor();
    await page.getByLabel('To these numbers').fill('+1 202 555 0177');
    await page.getByRole('button', { name: 'Save text messages' }).click();
    await page.getByText('Text messages saved').waitFor();
    const texts = { when: 'voicemail', to: ['+12025550177'], per_day: 100 };
    expect(await dashboard.telephone.json('/calls/texts')).toEqual(texts);
  });

  it('of an assistant switches its tools on and off, and says so when that fails', async () => {
    const id = dashboard.telephone.ava.simulator.vapi.assistantId;
    const enabled = async () => {
      const { tools } = await dashboard.telephone.json(`/assistants/${id}/tools`);
      return tools.flatMap((tool: { name: string; enabled: boolean }) => (tool.enabled ? [tool.name] : []));
    };
    await window.go(`/assistants/${id}`);
    await untilLoaded(page);
    const booking = page.getByRole('switch', { name: 'Book appointments' });
    await booking.click();
    await page.getByText('Tools saved').first().waitFor();
    expect(await enabled()).toEqual(['book_appointment']);
    await page.getByRole('switch', { name: 'Look into the calendar' }).click();
    await expect.poll(enabled, { timeout: 30_000 }).toEqual(['check_availability', 'book_appointment']);
    // A change that does not arrive is taken back on the page.
    await page.route('**/tools', (route) => (route.request().method() === 'PUT' ? route.abort() : route.continue()));
    await booking.click();
    await page.getByText('That did not work').first().waitFor();
    await expect.poll(() => booking.getAttribute('aria-checked'), { timeout: 30_000 }).toBe('true');
    await page.unroute('**/tools');
    await booking.click();
    await expect.poll(enabled, { timeout: 30_000 }).toEqual(['check_availability']);
  });

  it('of a call plays its recording through AVA', async () => {
    await window.go(`/calls/${callId}`);
    await untilLoaded(page);
    await page.getByRole('button', { name: 'Load the recording' }).click();
    const player = page.locator('audio');
    await player.waitFor();
    expect(await player.getAttribute('src')).toMatch(/^blob:/);
    expect(window.outside).toEqual([]);
  });

  it('of a number brings it to Vapi, and then offers that no more', async () => {
    const { numbers } = await dashboard.telephone.json('/twilio/numbers');
    const stranger = numbers.find((one: { vapi_phone_number_id: string | null }) => one.vapi_phone_number_id === null);
    await window.go(`/numbers/${stranger.sid}`);
    await untilLoaded(page);
    await page.getByRole('button', { name: 'Set up with Vapi' }).click();
    await page.getByText('The number is set up with Vapi').waitFor();
    await page.getByRole('button', { name: 'Set up with Vapi' }).waitFor({ state: 'detached' });
  });

  it('Integrations connects a calendar at its provider, shows it, and lets go of it', async () => {
    await window.go('/integrations');
    await untilLoaded(page);
    const google = page.getByRole('listitem').filter({ hasText: 'Google Calendar' });
    await google.getByRole('button', { name: 'Connect' }).click();
    await page.getByText('The calendar is connected.').waitFor();
    await google.getByText('Connected', { exact: true }).waitFor();
    await google.getByRole('button', { name: 'Show the next appointments' }).click();
    await google.getByText('No appointments in the next seven days.').or(google.locator('time').first()).waitFor();
    await google.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
    await google.getByText('Not connected').waitFor();
  });

  it('Vapi Remote Settings shows what was changed at Vapi directly, and writes back on request', async () => {
    const { vapi } = dashboard.telephone.ava.simulator;
    await dashboard.telephone.json('/vapi/settings/greeting_message', {
      method: 'PUT',
      body: JSON.stringify({ value: 'Agreed with AVA' }),
    });
    const changed = await fetch(`${vapi.baseUrl}/assistant/${vapi.assistantId}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${vapi.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ firstMessage: 'Changed at Vapi' }),
    });
    expect(changed.status).toBe(200);
    await expect
      .poll(async () => (await dashboard.telephone.json('/vapi/settings')).drift, { timeout: 60_000 })
      .toBe(true);
    await window.go('/settings/vapi-remote-settings');
    await page.getByRole('button', { name: 'Review' }).click();
    const dialog = page.getByRole('dialog', { name: 'One setting was changed at Vapi directly' });
    await dialog.getByText('Agreed with AVA').waitFor();
    await dialog.getByText('Changed at Vapi', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Write AVA’s values back' }).click();
    await page.getByText('AVA’s values are written back to Vapi').waitFor();
    expect(await page.getByRole('textbox', { name: 'Greeting' }).inputValue()).toBe('Agreed with AVA');
  });

  it('of the operators shows how vendors answered in the last hour', async () => {
    await window.go('/operations');
    const hour = page.locator('section').filter({ has: page.getByRole('heading', { name: 'The last hour' }) });
    await expect
      .poll(
        async () => {
          await page.reload();
          await untilLoaded(page);
          return hour.getByText(/\d+ asked, \d+ failed/).count();
        },
        { timeout: 60_000 },
      )
      .toBeGreaterThan(0);
    expect(window.faults).toEqual([]);
  });

  it('of a call speaks French throughout, the server’s sentences too', async () => {
    const french = await dashboard.open({ locale: 'fr-FR' });
    await french.page.goto(dashboard.telephone.ava.url);
    await signInInFrench(french.page);
    await french.go(`/calls/${callId}`);
    await french.page.getByText('Twilio a demandé que faire de l’appel.').waitFor();
    await french.page.getByText(/^AVA a répondu en \d+ ms/).waitFor();
    await french.go(`/numbers/${dashboard.telephone.sid}`);
    await french.page.getByText('Ann est appelé pendant 20 secondes.').waitFor();
    await french.go('/messages');
    await french.page.getByRole('listitem').getByText('Envoyé', { exact: true }).first().waitFor();
    const said = say`${'twilio'}: half-open.`;
    await french.go(`/operations/releases/${await recorded(said)}`);
    await french.page.getByText('twilio : à demi ouvert.').waitFor();
    await french.context.close();
  });

  /** A verification of one check that says this. */
  async function recorded(said: Said): Promise<string> {
    const at = new Date().toISOString();
    const check = { id: 'breaker_metrics', requirement: null, title: 'Breakers', state: 'passed', duration_ms: 1 };
    const run = {
      ...{ kind: 'smoke', target: dashboard.telephone.ava.url, version: null, commit: null },
      ...{ started_at: at, finished_at: at },
      checks: [{ ...check, detail: textOf(said), said, evidence: [] }],
    };
    const options = { method: 'POST', body: JSON.stringify(run) };
    return (await dashboard.telephone.json('/ops/verifications', options)).verification.id;
  }
});

async function signInInFrench(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.locator('input[type=password]').fill(OWNER.password);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').first().waitFor();
}
