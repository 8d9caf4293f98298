import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { type Answer, type PrivateApp, startPrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { systemClock } from '../../clock.ts';
import type { Caller } from '../../http/caller.ts';
import { failureTables } from '../../providers/failure-tables.ts';
import { createGuardedHttp } from '../../providers/http.ts';
import { createGuard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createVault } from '../credentials/vault.ts';
import { createCalendarApis } from './apis.ts';
import { createCalendars } from './calendars.ts';
import { CALENDAR_PROVIDERS, type CalendarProvider } from './contract.ts';
import { calendarCallbackRoute, calendarRoutes } from './routes.ts';

const BASE = '/api/v1/integrations/calendar';
const SLOT = { title: 'Check-up', start: '2030-05-06T10:00:00Z', end: '2030-05-06T10:30:00Z' };
const WEEK = '?from=2030-05-06T00:00:00Z&to=2030-05-13T00:00:00Z';

let database: TestDatabase;
let simulator: Simulator;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  simulator = await startSimulator({});
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await simulator.close();
  await database.drop();
});

beforeEach(() => {
  simulator.control.clearFaults();
  for (const provider of CALENDAR_PROVIDERS) simulator.control.inboxes[provider].events.length = 0;
});

type Given = { env?: 'development' | 'production'; stubMode?: boolean; configured?: boolean };
type Started = { app: PrivateApp; caller: Caller; clock: ReturnType<typeof createHandClock> };

async function start(given: Given = {}): Promise<Started> {
  const { env = 'development', stubMode = false, configured = true } = given;
  const caller = await makeCaller(database.database, 'admin', false);
  const clock = createHandClock(new Date());
  const parts = { clock: systemClock, emit: () => {} };
  const guard = createGuard({ ...parts, random: Math.random, settings: defaultGuardSettings });
  guard.upstream('calendar', failureTables.calendar);
  const http = createGuardedHttp({ guard, ...parts });
  const { google, microsoft } = simulator;
  const clients = {
    googleClientId: google.clientId,
    googleClientSecret: google.clientSecret,
    microsoftClientId: microsoft.clientId,
    microsoftClientSecret: microsoft.clientSecret,
  };
  const none = Object.fromEntries(Object.keys(clients).map((key) => [key, undefined])) as Record<
    keyof typeof clients,
    undefined
  >;
  const bases = { googleBaseUrl: google.baseUrl, microsoftBaseUrl: microsoft.baseUrl };
  const publicUrl = 'http://ava.example.test';
  const calendars = createCalendars({
    db: database.database,
    clock,
    vault: createVault({ secretKey: randomBytes(32).toString('hex') }),
    audit: { record: async () => {} },
    config: { env, stubMode },
    publicUrl,
    apis: createCalendarApis({ ...(configured ? clients : none), ...bases }, http),
  });
  const app = await startPrivateApp({
    db: database.database,
    caller: () => caller,
    routes: (scope) => calendarRoutes(scope, { calendars, publicUrl }),
    publicRoutes: (scope) => calendarCallbackRoute(scope, { calendars, publicUrl }),
  });
  closing.push(async () => {
    await app.close();
    await http.close();
  });
  return { app, caller, clock };
}

/** Walks the consent as a browser does; answers where it ends. */
async function consent({ app }: Started, provider: CalendarProvider, changes: Changes = {}): Promise<string> {
  const begun = await app.call('POST', `${BASE}/${provider}/connect`);
  expect(begun.status).toBe(200);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const there = await fetch(begun.body.authorize_url, { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '');
  changes.query?.(back.searchParams);
  const headers = { cookie: changes.cookie ?? cookie };
  const answer = await app.call('GET', `${back.pathname}${back.search}`, undefined, headers);
  return answer.headers.get('location') ?? '';
}

type Changes = { cookie?: string; query?: (query: URLSearchParams) => void };

const events = (started: Started, provider: CalendarProvider): Promise<Answer> =>
  started.app.call('GET', `${BASE}/${provider}/events${WEEK}`);
const book = (started: Started, provider: CalendarProvider, body: object = SLOT, key?: string): Promise<Answer> =>
  started.app.call('POST', `${BASE}/${provider}/events`, body, key === undefined ? {} : { 'idempotency-key': key });

describe('events without a connection', () => {
  it('are invented in stub mode, and each one says so', async () => {
    for (const env of ['development', 'production'] as const) {
      const answer = await events(await start({ env, stubMode: true }), 'google');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ stub: true, provider: 'google' });
      expect(answer.body.events.length).toBeGreaterThan(0);
      expect(answer.body.events.every((event: { stub?: boolean }) => event.stub === true)).toBe(true);
    }
  });

  it('are refused in production, in the words of the guide', async () => {
    const answer = await events(await start({ env: 'production' }), 'microsoft');
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'stub_disabled_in_production',
      detail: 'Stub integrations are disabled in production',
    });
  });

  it('say in development that the calendar is not connected', async () => {
    const answer = await events(await start(), 'google');
    expect([answer.status, answer.body.code]).toEqual([409, 'calendar_not_connected']);
  });

  it('cannot be connected before the operator has set the OAuth client', async () => {
    const { app } = await start({ configured: false });
    const answer = await app.call('POST', `${BASE}/google/connect`);
    expect([answer.status, answer.body.code]).toEqual([409, 'calendar_not_configured']);
  });
});

describe.each(CALENDAR_PROVIDERS)('a calendar at %s', (provider) => {
  it('is connected by consent, read, booked once per key, and disconnected', async () => {
    const started = await start({ env: 'production' });
    expect(await consent(started, provider)).toBe(`/integrations?calendar=${provider}&result=connected`);

    const first = await book(started, provider, SLOT, 'book-1');
    expect(first.body).toMatchObject({ created: true, stub: false, event: { title: 'Check-up' } });
    const again = await book(started, provider);
    expect([again.status, again.body.code]).toEqual([409, 'calendar_slot_taken']);
    expect(simulator.control.inboxes[provider].events).toHaveLength(1);

    const listed = await events(started, provider);
    expect(listed.body.stub).toBe(false);
    expect(listed.body.events).toMatchObject([{ start: '2030-05-06T10:00:00.000Z', end: '2030-05-06T10:30:00.000Z' }]);
    expect(listed.body.events[0].stub).toBeUndefined();

    const gone = await started.app.call('DELETE', `${BASE}/${provider}/connection`);
    expect(gone.body.connection.state).toBe('not_connected');
    expect((await events(started, provider)).status).toBe(403);
  });

  it('makes one appointment of the same booking sent twice without a key', async () => {
    const started = await start();
    await consent(started, provider);
    const answers = [await book(started, provider), await book(started, provider)];
    expect(answers.map((answer) => [answer.status, answer.body.created])).toEqual([
      [200, true],
      [200, false],
    ]);
    expect(simulator.control.inboxes[provider].events).toHaveLength(1);
  });

  it('gives one slot to one of twenty who ask at once', async () => {
    const started = await start();
    await consent(started, provider);
    const asked = Array.from({ length: 20 }, (_, index) => book(started, provider, SLOT, `rush-${index}`));
    const statuses = (await Promise.all(asked)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(simulator.control.inboxes[provider].events).toHaveLength(1);
  });

  it('books once although the answer to the first attempt never came', async () => {
    const started = await start();
    await consent(started, provider);
    const operation = provider === 'google' ? 'POST /calendar*' : 'POST /v1.0*';
    simulator.control.addFault({ vendor: provider, kind: 'reset', operation, when: 'after', count: 1 });
    const answer = await book(started, provider, SLOT, 'lost');
    expect(answer.status).toBe(200);
    expect(simulator.control.inboxes[provider].events).toHaveLength(1);
  });

  it('refreshes a token that has run out, many readers at once with one refresh', async () => {
    const started = await start();
    await consent(started, provider);
    started.clock.advance(2 * 3_600_000);
    simulator.control.clearRequests();
    const answers = await Promise.all(Array.from({ length: 5 }, () => events(started, provider)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    const asked = simulator.control.requests({ vendor: provider }).filter((entry) => entry.path.endsWith('token'));
    expect(asked).toHaveLength(1);
    started.clock.advance(2 * 3_600_000);
    expect((await events(started, provider)).status).toBe(200);
  });

  it('asks to be connected again once the permission is taken back', async () => {
    const started = await start();
    await consent(started, provider);
    simulator.control.inboxes[provider].oauth.revokeAll();
    const answer = await events(started, provider);
    expect([answer.status, answer.body.code]).toEqual([409, 'calendar_reconnect']);
    const list = await started.app.call('GET', BASE);
    expect(list.body.connections).toContainEqual(expect.objectContaining({ provider, state: 'reconnect' }));
    expect(await consent(started, provider)).toContain('result=connected');
    expect((await events(started, provider)).status).toBe(200);
  });
});

describe('the way back from the consent', () => {
  it('connects nothing for another browser, another provider, a used or an invented state', async () => {
    const started = await start();
    expect(await consent(started, 'google', { cookie: 'ava_calendar_consent=somebody-else' })).toContain('refused');
    expect(await consent(started, 'google', { cookie: '' })).toContain('refused');
    const invent = (query: URLSearchParams) => query.set('state', `${started.caller.tenantId}.${'x'.repeat(43)}`);
    expect(await consent(started, 'google', { query: invent })).toContain('expired');
    expect(await consent(started, 'google', { query: (query) => query.set('state', 'x') })).toContain('expired');
    expect(await consent(started, 'google', { query: (query) => query.delete('code') })).toContain('refused');
    expect(await consent(started, 'google', { query: (query) => query.set('code', 'x') })).toContain('refused');
    expect((await events(started, 'google')).status).toBe(409);
  });

  it('leaves no token readable in the database', async () => {
    const started = await start();
    await consent(started, 'google');
    const rows = await database.database.asTenant(started.caller.tenantId, (trx) =>
      trx.selectFrom('calendar_connections').select('tokens').execute(),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.tokens.toString('latin1')).not.toMatch(/at_|rt_|accessToken/);
  });
});
