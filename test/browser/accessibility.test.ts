/** Every page, light and dark, before axe; and by keyboard alone. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, hasBrowser, MAIN_PAGES, startDashboard, untilLoaded, type Window } from './dashboard.ts';

describe.skipIf(!hasBrowser)('accessibility', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await startDashboard();
    const { control } = dashboard.telephone.ava.simulator;
    const { callSid } = await control.placeCall({ to: dashboard.telephone.number, script: { says: ['Good morning'] } });
    await dashboard.telephone.callWhen(callSid, 'the call is over', (call) => call.status === 'ended');
  });
  afterAll(() => dashboard.stop());

  for (const colorScheme of ['light', 'dark'] as const) {
    describe(`in ${colorScheme}`, () => {
      let window: Window;
      let page: Page;
      beforeAll(async () => {
        window = await dashboard.open({ colorScheme, reducedMotion: 'reduce' });
        page = window.page;
        await window.signIn();
      });

      it('holds on the sign-in page', async () => {
        const stranger = await dashboard.open({ colorScheme });
        await stranger.go('/');
        await stranger.page.getByLabel('E-mail').waitFor();
        expect(await violations(stranger.page)).toEqual([]);
        await stranger.context.close();
      });

      for (const { path, heading } of MAIN_PAGES) {
        it(`holds on ${heading}`, async () => {
          await window.go(path);
          await untilLoaded(page);
          expect(await violations(page)).toEqual([]);
        });
      }

      it('holds on a call, a number and an assistant', async () => {
        for (const list of ['/calls', '/numbers', '/assistants']) {
          await window.go(list);
          await untilLoaded(page);
          await page.getByRole('main').getByRole('listitem').getByRole('link').first().click();
          await page.waitForURL(`**${list}/*`);
          await untilLoaded(page);
          expect(await violations(page)).toEqual([]);
        }
      });

      it('holds in a dialog, a side panel, a menu and the command palette', async () => {
        await window.go('/settings/vapi-remote-settings');
        await page.getByRole('button', { name: 'Add a custom setting' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'History of Greeting' }).click();
        const history = page.getByRole('dialog', { name: 'History of Greeting' });
        await history
          .getByText('No change has been made through AVA yet.')
          .or(history.getByRole('listitem').first())
          .waitFor();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+k');
        await page.getByRole('combobox').waitFor();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: /^Account:/ }).click();
        await page.getByRole('menu').waitFor();
        expect(await violations(page)).toEqual([]);
      });
    });
  }

  it('holds at the width of a phone, and its menu reaches every page', async () => {
    const window = await dashboard.open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await window.signIn();
    for (const { path } of MAIN_PAGES) {
      await window.go(path);
      await untilLoaded(window.page);
      const overflow = await window.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(`${path} ${overflow}`).toBe(`${path} 0`);
    }
    await window.page.getByRole('button', { name: 'More' }).click();
    await window.page.getByRole('dialog').getByRole('link', { name: 'Audit log' }).click();
    await window.page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
    expect(await violations(window.page)).toEqual([]);
  }, 240_000);

  it('is enough of a keyboard: skip link, palette, and a save without a mouse', async () => {
    const { page, signIn } = await dashboard.open();
    await signIn();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('remote');
    await page.keyboard.press('Enter');
    const greeting = page.getByRole('textbox', { name: 'Greeting' });
    await greeting.focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Typed and saved by keyboard');
    const save = page.getByRole('button', { name: 'Save Greeting', exact: true });
    const focused = save.and(page.locator(':focus'));
    for (let presses = 0; presses < 10 && (await focused.count()) === 0; presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Greeting saved').waitFor();
  });

  it('speaks French throughout when asked to', async () => {
    const { page, context } = await dashboard.open({ locale: 'fr-FR' });
    await page.goto(dashboard.telephone.ava.url);
    await page.getByRole('heading', { name: 'Se connecter à AVA' }).waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('fr');
    await context.close();
  });
});

/** AVA has no frames, and only violations are read: what that spares axe takes longer than all the rest. */
async function violations(page: Page): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
  const { violations: found } = await axe.analyze();
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}
