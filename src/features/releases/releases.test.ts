import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { type PrivateApp, startPrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import type { Caller } from '../../http/caller.ts';
import { createAccounts } from '../accounts/accounts.ts';
import { createReleases } from './releases.ts';
import { releaseRoutes } from './routes.ts';
import { createSyntheticTenants, type SyntheticTenants } from './synthetic.ts';

const audit = { record: async () => {} };
const clock = createHandClock(new Date());

const news: string[] = [];
let database: TestDatabase;
let app: PrivateApp;
let synthetic: SyntheticTenants;
let authenticate: (token: string) => Promise<Caller>;
let caller: Caller;
let operator: Caller;
let owner: Caller;

beforeAll(async () => {
  database = await createTestDatabase();
  const db = database.database;
  operator = await makeCaller(db);
  owner = await makeCaller(db, 'owner', false);
  caller = operator;
  const secrets = { secretKey: randomBytes(32).toString('hex') };
  const log = pino({ level: 'silent' });
  const accounts = createAccounts({ db, clock, log, secrets, audit: audit as never });
  authenticate = async (token) => accounts.authenticate(token);
  synthetic = createSyntheticTenants({ db, clock, users: accounts.users });
  const releases = createReleases({ db, clock, audit, onChange: () => {}, announce: (told) => news.push(told.title) });
  const deps = { releases, syntheticTenants: synthetic, record: async () => {} };
  app = await startPrivateApp({ db, caller: () => caller, routes: (scope) => releaseRoutes(scope, deps) });
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

const countTenants = async () =>
  (await database.database.system.selectFrom('tenants').select('id').where('synthetic', '=', true).execute()).length;

describe('a verification session', () => {
  it('is a synthetic tenant with a token for it, and goes without a trace', async () => {
    caller = operator;
    const { body, status } = await app.call('POST', '/api/v1/ops/verification/session');
    expect(status).toBe(200);
    const who = await authenticate(body.access_token);
    expect(who).toMatchObject({ tenantId: body.tenant_id, synthetic: true, operator: false, role: 'owner' });
    expect(await synthetic.has(body.tenant_id)).toBe(true);
    const ended = await app.call('DELETE', `/api/v1/ops/verification/session/${body.tenant_id}`);
    expect(ended.body).toEqual({ tenant_id: body.tenant_id, removed: true });
    expect(await countTenants()).toBe(0);
    const left = await database.database.system.selectFrom('users').select('id').where('id', '=', who.userId).execute();
    expect(left).toEqual([]);
  });

  it('never removes a tenant that is not synthetic', async () => {
    caller = operator;
    for (const tenantId of [owner.tenantId, operator.tenantId, randomUUID()]) {
      const answer = await app.call('DELETE', `/api/v1/ops/verification/session/${tenantId}`);
      expect(answer.status).toBe(404);
    }
    const { system } = database.database;
    const kept = system.selectFrom('tenants').select('id').where('id', 'in', [owner.tenantId, operator.tenantId]);
    expect(await kept.execute()).toHaveLength(2);
  });

  it('is for operators alone', async () => {
    caller = owner;
    expect((await app.call('POST', '/api/v1/ops/verification/session')).status).toBe(403);
    expect((await app.call('DELETE', `/api/v1/ops/verification/session/${randomUUID()}`)).status).toBe(403);
  });

  it('that nobody ended is removed when another one is opened an hour later', async () => {
    caller = operator;
    await app.call('POST', '/api/v1/ops/verification/session');
    expect(await countTenants()).toBe(1);
    clock.advance(2 * 3_600_000);
    await app.call('POST', '/api/v1/ops/verification/session');
    expect(await countTenants()).toBe(1);
  });
});

describe('verification runs', () => {
  const check = (state: string) => ({
    ...{ id: 'a', requirement: 'R1', title: 'T', detail: 'd', duration_ms: 1 },
    ...{ state, evidence: [] },
  });
  const run = (states: string[]) => ({
    ...{ kind: 'smoke', target: 'http://ava', version: '1.0.0', commit: 'abc' },
    started_at: '2026-01-01T00:00:00Z',
    finished_at: '2026-01-01T00:00:05Z',
    checks: states.map(check),
  });

  it('are judged by AVA, recorded by operators alone, and a skipped check is no passed one', async () => {
    caller = owner;
    expect((await app.call('POST', '/api/v1/ops/verifications', run(['passed']))).status).toBe(403);
    caller = operator;
    const outcomes = [];
    for (const states of [
      ['passed', 'passed'],
      ['passed', 'skipped'],
      ['skipped', 'failed'],
    ]) {
      const { status, body } = await app.call('POST', '/api/v1/ops/verifications', run(states));
      expect(status).toBe(201);
      outcomes.push(body.verification.outcome);
    }
    expect(outcomes).toEqual(['passed', 'incomplete', 'failed']);
  });

  it('are paged, newest first, and belong to their tenant', async () => {
    caller = operator;
    const first = await app.call('GET', '/api/v1/ops/verifications?limit=2');
    expect(first.body.verifications).toHaveLength(2);
    const rest = await app.call('GET', `/api/v1/ops/verifications?limit=2&cursor=${first.body.next_cursor}`);
    expect([rest.body.verifications.length, rest.body.next_cursor]).toEqual([1, null]);
    const { id } = first.body.verifications[0];
    expect((await app.call('GET', `/api/v1/ops/verifications/${id}`)).body.verification.checks).toHaveLength(2);
    caller = owner;
    expect((await app.call('GET', `/api/v1/ops/verifications/${id}`)).status).toBe(404);
    expect((await app.call('GET', '/api/v1/ops/verifications?cursor=nonsense')).status).toBe(400);
  });
});

describe('releases', () => {
  it('are kept with how they ended, for operators', async () => {
    caller = operator;
    const body = { version: '1.2.0', target: 'systemd', state: 'rolled_back', started_at: '2026-01-01T00:00:00Z' };
    const made = await app.call('POST', '/api/v1/ops/releases', { ...body, reason: 'A single 5xx' });
    expect([made.status, made.body.release.author]).toEqual([201, operator.email]);
    const { body: list } = await app.call('GET', '/api/v1/ops/releases');
    expect(list.releases).toMatchObject([{ version: '1.2.0', state: 'rolled_back', reason: 'A single 5xx' }]);
    caller = owner;
    expect((await app.call('GET', '/api/v1/ops/releases')).status).toBe(403);
  });

  const running = (over: object = {}) => ({
    ...{ version: '1.3.0', previous_version: '1.2.0', target: 'command', state: 'running', phase: 'rolling' },
    ...{ holder: 'host:1', started_at: '2026-01-01T00:00:00Z', plan: { steps: [], back: [] } },
    ...over,
  });
  const progress = { replicas: [{ name: 'a', url: 'http://a', from: '1.2.0', state: 'new' }], events: [] };

  it('run one at a time, and only whoever holds one says how it stands, until somebody takes it over', async () => {
    caller = operator;
    news.length = 0;
    const first = await app.call('POST', '/api/v1/ops/releases', running());
    expect(first.status).toBe(201);
    const { id } = first.body.release;
    const second = await app.call('POST', '/api/v1/ops/releases', running({ version: '1.4.0', holder: 'host:2' }));
    expect([second.status, second.body.code]).toEqual([409, 'release_running']);
    expect(second.body.detail).toContain('to 1.3.0');
    const say = (body: object) => app.call('PUT', `/api/v1/ops/releases/${id}`, { progress, ...body });
    const other = await say({ holder: 'host:2', state: 'running' });
    expect([other.status, other.body.code]).toEqual([409, 'release_not_yours']);
    expect((await say({ holder: 'host:2', state: 'running', phase: 'watching', take_over: true })).status).toBe(200);
    expect((await say({ holder: 'host:1', state: 'running' })).body.code).toBe('release_not_yours');
    const ended = await say({ holder: 'host:2', state: 'rolled_back', reason: 'It answered with errors.' });
    expect(ended.body.release).toMatchObject({ state: 'rolled_back', phase: null, progress });
    expect(ended.body.release.finished_at).not.toBeNull();
    expect((await say({ holder: 'host:2', state: 'running' })).body.code).toBe('release_over');
    const { body } = await app.call('GET', `/api/v1/ops/releases/${id}`);
    expect(body.release).toMatchObject({ holder: 'host:2', plan: { steps: [], back: [] }, progress });
    expect(news).toEqual(['A release to 1.3.0 from 1.2.0 has begun', 'The release to 1.3.0 was rolled back']);
    expect((await app.call('POST', '/api/v1/ops/releases', running({ version: '1.4.0' }))).status).toBe(201);
  });
});
