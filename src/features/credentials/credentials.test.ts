import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type AccountsApp, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { until } from '../../../test/harness/until.ts';
import { createCredentialCache } from './credential-cache.ts';
import { createWebhookSecrets } from './webhook-secrets.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { systemClock } from '../../clock.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';

const ENVIRONMENT = {
  vapiApiKey: 'environment-key-abcd',
  twilio: { accountSid: `AC${'e'.repeat(32)}`, authToken: 'environment-token-wxyz' },
};
const VAPI = '/api/v1/vapi/credentials';
const TWILIO = '/api/v1/twilio/credentials';

let test: TestDatabase;
let app: AccountsApp;
let other: AccountsApp;

beforeAll(async () => {
  test = await createTestDatabase();
  const secrets = { secretKey: randomBytes(32).toString('hex') };
  app = await startAccountsApp({ database: test.database, secrets, environment: ENVIRONMENT });
  other = await startAccountsApp({ database: test.database, secrets, environment: ENVIRONMENT });
  // The first user has the environment's credentials; the tests want people who do not.
  await app.person();
});

afterAll(async () => {
  await app.close();
  await other.close();
  await test.drop();
});

describe('vendor credentials', () => {
  it('are set, shown by their last four alone, and removed', async () => {
    const { token, tenantId } = await app.person();
    const nothing = await app.call('GET', VAPI, { token });
    expect(nothing.body).toEqual({ configured: false, source: null, last4: null, updated_at: null });
    const put = await app.call('PUT', VAPI, { token, body: { api_key: '  own-key-123456 ' } });
    expect(put.body).toEqual({ configured: true, source: 'tenant', last4: '3456', updated_at: expect.any(String) });
    expect(await app.credentials.forTenant(tenantId, 'vapi')).toMatchObject({
      apiKey: 'own-key-123456',
      source: 'tenant',
    });
    const shown = await app.call('GET', VAPI, { token });
    expect(shown.body).toEqual(put.body);
    expect(shown.headers.get('etag')).toBe(put.headers.get('etag'));
    expect((await app.call('DELETE', VAPI, { token })).body.configured).toBe(false);
    expect(await app.credentials.forTenant(tenantId, 'vapi')).toBeUndefined();
    expect((await app.call('DELETE', VAPI, { token })).body.code).toBe('credential_not_found');
    expect(app.log()).not.toContain('own-key-123456');
  });

  it('refuses a half-filled Twilio pair and names the missing field', async () => {
    const { token } = await app.person();
    const half = await app.call('PUT', TWILIO, { token, body: { account_sid: `AC${'a'.repeat(32)}` } });
    expect(half).toMatchObject({ status: 422, body: { errors: [{ field: 'auth_token' }] } });
    const other = await app.call('PUT', TWILIO, { token, body: { auth_token: 'b'.repeat(32) } });
    expect(other).toMatchObject({ status: 422, body: { errors: [{ field: 'account_sid' }] } });
    const body = { account_sid: `AC${'a'.repeat(32)}`, auth_token: 'b'.repeat(32) };
    expect((await app.call('PUT', TWILIO, { token, body })).body).toMatchObject({
      account_sid: body.account_sid,
      last4: 'bbbb',
    });
  });

  it('are sealed in the database, and of no use in another row', async () => {
    const one = await app.person();
    const two = await app.person();
    for (const { token } of [one, two])
      await app.call('PUT', VAPI, { token, body: { api_key: `key-of-${token.slice(-8)}` } });
    const { secret } = await test.database.asTenant(one.tenantId, (trx) =>
      trx.selectFrom('vendor_credentials').select('secret').executeTakeFirstOrThrow(),
    );
    expect(secret.includes('key-of-')).toBe(false);
    await test.database.asTenant(two.tenantId, (trx) =>
      trx.updateTable('vendor_credentials').set({ secret }).execute(),
    );
    const fresh = await startAccountsApp({ database: test.database, secrets: app.secrets });
    await expect(fresh.credentials.forTenant(two.tenantId, 'vapi')).rejects.toThrow('belongs elsewhere');
    await fresh.close();
  });

  it('of the environment serve only tenants that an operator granted them, at once on every replica', async () => {
    const { token, tenantId } = await app.person();
    const operator = await app.person({ operator: true });
    const grant = (granted: boolean) =>
      app.call('PUT', `/api/v1/ops/tenants/${tenantId}/environment`, { token: operator.token, body: { granted } });
    expect(await other.credentials.forTenant(tenantId, 'twilio')).toBeUndefined();
    expect((await grant(true)).body).toEqual({ tenant_id: tenantId, granted: true });
    await until('the other replica has heard of it', () => other.credentials.forTenant(tenantId, 'twilio'));
    expect(await app.credentials.forTenant(tenantId, 'twilio')).toMatchObject({
      ...ENVIRONMENT.twilio,
      source: 'environment',
    });
    const shown = await app.call('GET', TWILIO, { token });
    expect(shown.body).toMatchObject({ configured: true, source: 'environment', last4: 'wxyz', updated_at: null });
    await app.call('PUT', VAPI, { token, body: { api_key: 'own-key-123456' } });
    expect(await app.credentials.forTenant(tenantId, 'vapi')).toMatchObject({ source: 'tenant' });
    await app.call('DELETE', VAPI, { token });
    expect(await app.credentials.forTenant(tenantId, 'vapi')).toMatchObject({ apiKey: ENVIRONMENT.vapiApiKey });
    await grant(false);
    await until('the grant is gone everywhere', async () => !(await other.credentials.forTenant(tenantId, 'vapi')));
    expect((await grant(true)).status).toBe(200);
    const unknown = `/api/v1/ops/tenants/${crypto.randomUUID()}/environment`;
    expect((await app.call('PUT', unknown, { token: operator.token, body: { granted: true } })).status).toBe(404);
  });

  it('changes hold at once on this replica and reach the others, with another fingerprint', async () => {
    const { token, tenantId } = await app.person();
    const heard: string[] = [];
    other.credentials.onChange((tenant) => heard.push(tenant));
    await app.call('PUT', VAPI, { token, body: { api_key: 'first-key-1111' } });
    const first = await until('the first key is known', () => other.credentials.forTenant(tenantId, 'vapi'));
    await app.call('PUT', VAPI, { token, body: { api_key: 'second-key-2222' } });
    const second = await app.credentials.forTenant(tenantId, 'vapi');
    expect(second?.apiKey).toBe('second-key-2222');
    expect(second?.fingerprint).not.toBe(first.fingerprint);
    await until(
      'the other replica has it',
      async () => (await other.credentials.forTenant(tenantId, 'vapi'))?.apiKey === 'second-key-2222',
    );
    expect(heard).toContain(tenantId);
  });

  it('are found for a ringing call and for a signed webhook while people wait for every connection of theirs', async () => {
    const { token, tenantId } = await app.person();
    await app.call('PUT', VAPI, { token, body: { api_key: 'own-key-123456' } });
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    onTestFinished(() => finish());
    const crowd = Array.from({ length: 40 }, () => test.database.asTenant(tenantId, () => finished));
    const people = other.credentials.forTenant(tenantId, 'vapi');
    await until('people wait', () => test.database.use().api.waiting > 0);
    const ringing = other.credentials.forTenant(tenantId, 'vapi', 'call');
    await expect(ringing).resolves.toMatchObject({ apiKey: 'own-key-123456' });
    const secrets = createWebhookSecrets({ db: test.database, clock: systemClock, audit: app.audit, vault: app.vault });
    await expect(secrets.live(tenantId, 'vapi')).resolves.toEqual([]);
    expect(test.database.use().api.waiting).toBeGreaterThan(0);
    finish();
    await Promise.allSettled([...crowd, people]);
  });

  it('honours If-Match, on a first setting too', async () => {
    const { token } = await app.person();
    const none = (await app.call('GET', VAPI, { token })).headers.get('etag')!;
    const put = (api_key: string, etag: string) =>
      app.call('PUT', VAPI, { token, body: { api_key }, headers: { 'if-match': etag } });
    const made = await put('first-key-1111', none);
    expect(made.status).toBe(200);
    expect(await put('second-key-2222', none)).toMatchObject({
      status: 412,
      body: {
        code: 'conflict',
        current: { last4: '1111' },
        diff: [{ field: 'last4', current: '1111', yours: '2222' }],
      },
    });
    expect(JSON.stringify((await put('second-key-2222', none)).body)).not.toContain('first-key');
    expect((await put('second-key-2222', made.headers.get('etag')!)).status).toBe(200);
    expect((await put('third-key-3333', '*')).status).toBe(200);
  });
});

describe('opened credentials in memory', () => {
  it('serve on while the database is away, but nothing that was never known', async () => {
    const clock = createHandClock();
    let isAway = false;
    let loads = 0;
    const cache = createCredentialCache({
      clock,
      load: async () => {
        loads += 1;
        if (isAway) throw new DatabaseUnavailable(new Error('away'));
        return 'key';
      },
    });
    expect([await cache.find('t', 'vapi'), await cache.find('t', 'vapi'), loads]).toEqual(['key', 'key', 1]);
    isAway = true;
    clock.advance(31_000);
    expect(await cache.find('t', 'vapi')).toBe('key');
    cache.suspectAll();
    expect(await cache.find('t', 'vapi')).toBe('key');
    await expect(cache.find('t', 'twilio')).rejects.toThrow(DatabaseUnavailable);
    cache.forget('t');
    await expect(cache.find('t', 'vapi')).rejects.toThrow(DatabaseUnavailable);
  });
});

describe('webhook secrets', () => {
  it('find their tenant, count on during a rotation, and no longer', async () => {
    const clock = createHandClock(new Date());
    const { tenantId } = await app.person();
    const secrets = createWebhookSecrets({ db: test.database, clock, audit: app.audit, vault: app.vault });
    const actor = { name: 'AVA' };
    const [first, again] = await Promise.all([
      secrets.current(tenantId, 'vapi', actor),
      secrets.current(tenantId, 'vapi', actor),
    ]);
    expect(again).toBe(first);
    const second = await secrets.rotate(tenantId, 'vapi', { actor, overlapMs: 60_000 });
    expect(await secrets.current(tenantId, 'vapi', actor)).toBe(second);
    expect(await secrets.findTenant(first, 'vapi')).toBe(tenantId);
    expect(await secrets.findTenant(second, 'vapi')).toBe(tenantId);
    clock.advance(60_001);
    expect(await secrets.findTenant(first, 'vapi')).toBeUndefined();
    expect(await secrets.findTenant(second, 'vapi')).toBe(tenantId);
    expect(await secrets.findTenant(second, 'twilio')).toBeUndefined();
    expect(await secrets.findTenant(`${second.slice(0, -1)}x`, 'vapi')).toBeUndefined();
    const rows = await test.database.asTenant(tenantId, (trx) =>
      sql<{ secret: Buffer }>`select secret from webhook_secrets`.execute(trx),
    );
    expect(rows.rows.every(({ secret }) => !secret.includes(second))).toBe(true);
  });
});
