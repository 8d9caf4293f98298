/** The button that each page is there for, how one comes to press it, and the request that it makes. */
import type { Locator, Page } from 'playwright-core';
import { OWNER } from '../harness/ava.ts';
import type { Dashboard } from './dashboard.ts';

export type MainButton = {
  path: string;
  does: string;
  /** Method and path of what it asks. */
  write: RegExp;
  reach(page: Page, dashboard: Dashboard): Promise<Locator>;
};

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const inDialog = (page: Page, name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true });
const firstOf = (page: Page) => page.getByRole('main').getByRole('listitem').getByRole('link').first();

export const MAIN_BUTTONS: MainButton[] = [
  {
    path: '/',
    does: 'Now, place a call',
    write: /^POST .*\/demo\/calls$/,
    reach: async (page) => button(page, 'Place a call'),
  },
  {
    path: '/calls',
    does: 'Calls, place a call',
    write: /^POST .*\/calls$/,
    async reach(page) {
      await button(page, 'Place a call').click();
      await page.getByLabel('Telephone number to call').fill('+14155550134');
      return inDialog(page, 'Place a call');
    },
  },
  {
    path: '/numbers',
    does: 'Numbers, save the routing',
    write: /^PUT .*\/routing$/,
    async reach(page) {
      await firstOf(page).click();
      await page.getByLabel('Ring each for').fill('25');
      return button(page, 'Save routing');
    },
  },
  {
    path: '/assistants',
    does: 'Assistants, duplicate one',
    write: /^POST .*\/duplicate$/,
    async reach(page) {
      await firstOf(page).click();
      await button(page, 'Duplicate').waitFor();
      return button(page, 'Duplicate');
    },
  },
  {
    path: '/assistants',
    does: 'Assistants, save one',
    write: /^PUT .*\/assistants\//,
    async reach(page) {
      await firstOf(page).click();
      await page.getByLabel('First sentence').fill('Good day, how may I help?');
      return button(page, 'Save assistant');
    },
  },
  {
    path: '/assistants/new',
    does: 'New assistant, create',
    write: /^POST .*\/assistants$/,
    async reach(page) {
      await page.getByLabel('Name', { exact: true }).fill('Created once');
      return button(page, 'New assistant');
    },
  },
  {
    path: '/settings/vapi-remote-settings',
    does: 'Vapi Remote Settings, save',
    write: /^PUT .*\/vapi\/settings\//,
    async reach(page) {
      await page.getByRole('textbox', { name: 'Greeting' }).fill(`Saved once, ${Date.now()}`);
      return button(page, 'Save Greeting');
    },
  },
  {
    path: '/settings/vapi',
    does: 'Vapi, save the key',
    write: /^PUT .*\/vapi\/credentials$/,
    async reach(page, { telephone }) {
      await button(page, 'Replace the key').click();
      await page.getByLabel('Private API key').fill(telephone.ava.simulator.vapi.apiKey);
      return button(page, 'Save key');
    },
  },
  {
    path: '/integrations',
    does: 'Integrations, send a test',
    write: /^POST .*\/email\/test$/,
    reach: async (page) => button(page, 'Send the test'),
  },
  {
    path: '/members',
    does: 'Members, add one',
    write: /^POST .*\/members$/,
    async reach(page) {
      await button(page, 'Add a member').click();
      await page.getByRole('dialog').getByLabel('E-mail').fill(`once-${Date.now()}@example.test`);
      await page
        .getByRole('dialog')
        .getByLabel(/^First password/)
        .fill(OWNER.password);
      return inDialog(page, 'Add a member');
    },
  },
  {
    path: '/operations',
    does: 'Circuit breakers, isolate',
    write: /^POST .*\/isolate$/,
    async reach(page) {
      await button(page, /^Isolate/)
        .last()
        .click();
      await page.getByRole('dialog').getByLabel('Reason').fill('A double click');
      return inDialog(page, 'Isolate');
    },
  },
  {
    path: '/operations/webhooks',
    does: 'Webhook ledger, replay',
    write: /^POST .*\/replay$/,
    async reach(page) {
      await page.getByRole('main').getByRole('listitem').getByRole('button').first().click();
      await inDialog(page, 'Replay').waitFor();
      return inDialog(page, 'Replay');
    },
  },
  {
    path: '/operations/alerts',
    does: 'Alerts, send a test',
    write: /^POST .*\/alerts\/test$/,
    reach: async (page) => button(page, 'Send a test'),
  },
  {
    path: '/operations/audit',
    does: 'Audit log, verify the chain',
    write: /^GET .*\/audit\/verification$/,
    reach: async (page) => button(page, 'Verify the chain'),
  },
  {
    path: '/settings/calls',
    does: 'Call rules, save the limits',
    write: /^PUT .*\/calls\/limits$/,
    async reach(page) {
      await page.getByLabel('Calls per person and day').fill('40');
      return button(page, 'Save limits');
    },
  },
  {
    path: '/settings/account',
    does: 'Your account, change the password',
    write: /^POST .*\/auth\/password$/,
    async reach(page) {
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByLabel('New password').fill(`${OWNER.password} again`);
      return button(page, 'Change password');
    },
  },
];
