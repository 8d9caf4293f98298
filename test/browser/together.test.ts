/** Two people who change one thing at the same time: nothing of either is lost unseen. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, hasBrowser, startDashboard, untilLoaded, type Window } from './dashboard.ts';

describe.skipIf(!hasBrowser)('two people at one form', { timeout: 240_000 }, () => {
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

  const dialog = () => page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
  const message = () => page.getByLabel('What the caller hears before voicemail');
  const plan = async () =>
    (await dashboard.telephone.json(`/twilio/numbers/${dashboard.telephone.sid}/routing`)).fallback;
  /** What a colleague saves while the form is open. */
  const colleague = (fallback: object) =>
    dashboard.telephone.route({
      fallback: { people: [{ name: 'Ann', phone_number: '+15005550006' }], voicemail: true, ...fallback },
    });
  const openNumber = async () => {
    await window.go(`/numbers/${dashboard.telephone.sid}`);
    await untilLoaded(page);
  };

  it('are both kept where they changed different fields of a routing', async () => {
    await openNumber();
    await message().fill('Please leave a message for Birch.');
    await colleague({ ring_seconds: 35 });
    await page.getByRole('button', { name: 'Save routing' }).click();
    await page.getByText('Routing saved').first().waitFor();
    expect(await plan()).toMatchObject({ message: 'Please leave a message for Birch.', ring_seconds: 35 });
  });

  it('are shown both values of the same field, choose for each, and lose nothing that was typed', async () => {
    await openNumber();
    await message().fill('Mine');
    await page.getByLabel('Ring each for').fill('15');
    await colleague({ message: 'Theirs', ring_seconds: 45 });
    await page.getByRole('button', { name: 'Save routing' }).click();
    await dialog().getByText('Theirs', { exact: true }).waitFor();
    await dialog().getByRole('button', { name: 'Back to the form' }).click();
    expect(await message().inputValue()).toBe('Mine');
    await page.getByRole('button', { name: 'Save routing' }).click();
    const seconds = dialog().getByRole('group', { name: 'Ring each for' });
    await seconds.getByRole('radio', { name: /In force now/ }).check();
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await dialog().waitFor({ state: 'detached' });
    await expect.poll(plan, { timeout: 15_000 }).toMatchObject({ message: 'Mine', ring_seconds: 45 });
  });

  it('choose field by field at an assistant too', async () => {
    const { assistantId } = dashboard.telephone.ava.simulator.vapi;
    const change = (body: object) =>
      dashboard.telephone.json(`/assistants/${assistantId}`, { method: 'PUT', body: JSON.stringify(body) });
    await window.go(`/assistants/${assistantId}`);
    await untilLoaded(page);
    await page.getByLabel('First sentence').fill('Hello from me');
    await page.getByLabel('Prompt').fill('My prompt');
    await change({ first_message: 'Hello from them' });
    await page.getByRole('button', { name: 'Save assistant' }).click();
    const field = dialog().getByRole('group', { name: 'First sentence' });
    await field.getByRole('radio', { name: /In force now/ }).check();
    await dialog().getByRole('button', { name: 'Save what I chose' }).click();
    await dialog().waitFor({ state: 'detached' });
    const now = async () => (await dashboard.telephone.json(`/assistants/${assistantId}`)).assistant;
    await expect
      .poll(now, { timeout: 15_000 })
      .toMatchObject({ first_message: 'Hello from them', prompt: 'My prompt' });
    expect(window.faults).toEqual([]);
  });
});
