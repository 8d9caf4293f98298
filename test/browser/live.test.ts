/** Pages that stand open show what happens without being asked again: nobody reloads, and nothing polls while the stream is on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusWebhook } from '../harness/status-webhook.ts';
import { until } from '../harness/until.ts';
import { type Dashboard, hasBrowser, liveMark, startDashboard, untilLoaded, type Window } from './dashboard.ts';

describe.skipIf(!hasBrowser)('a page that stands open', { timeout: 240_000 }, () => {
  let dashboard: Dashboard;
  let window: Window;
  beforeAll(async () => {
    dashboard = await startDashboard();
    window = await dashboard.open();
    await window.signIn();
  });
  afterAll(() => dashboard.stop());

  const stands = async (path: string) => {
    await window.go(path);
    await untilLoaded(window.page);
    await liveMark(window.page, 'Live').waitFor();
  };

  it('shows a webhook in the ledger as it comes, and the next one too', async () => {
    await stands('/operations/webhooks?vendor=twilio');
    const rows = window.page.getByRole('main').getByRole('listitem');
    for (let count = 1; count <= 2; count += 1) {
      await tellStatus(dashboard);
      await expect.poll(() => rows.count(), { timeout: 40_000 }).toBe(count);
    }
  });

  it('shows that somebody changed the assistant at Vapi, as soon as AVA knows', async () => {
    const { json, ava } = dashboard.telephone;
    await stands('/settings/vapi-remote-settings');
    const notice = window.page.getByText('AVA wrote something else last.');
    expect(await notice.count()).toBe(0);
    const { vapi } = ava.simulator;
    const changed = await fetch(`${vapi.baseUrl}/assistant/${vapi.assistantId}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${vapi.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ firstMessage: 'Somebody else was here.' }),
    });
    expect(changed.status).toBe(200);
    await until(
      'AVA has seen it',
      async () => (await json('/vapi/settings/drift')).drift.length > 0 || undefined,
      60_000,
    );
    await notice.waitFor();
    expect(window.faults).toEqual([]);
  });
});

async function tellStatus({ telephone }: Dashboard): Promise<void> {
  const { url, simulator } = telephone.ava;
  const { path, ...post } = statusWebhook(simulator, url);
  expect((await fetch(`${url}${path}`, { method: 'POST', ...post })).status).toBe(204);
}
