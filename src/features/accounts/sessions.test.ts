import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountsApp, PASSWORD, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock, type HandClock } from '../../../test/harness/hand-clock.ts';
import { until } from '../../../test/harness/until.ts';

let test: TestDatabase;
let clock: HandClock;
let app: AccountsApp;
let other: AccountsApp;

beforeAll(async () => {
  test = await createTestDatabase();
  clock = createHandClock(new Date());
  const secrets = { secretKey: randomBytes(32).toString('hex') };
  app = await startAccountsApp({ database: test.database, clock, secrets });
  other = await startAccountsApp({ database: test.database, clock, secrets });
});

afterAll(async () => {
  await app.close();
  await other.close();
  await test.drop();
});

const me = (replica: AccountsApp, token: string) => replica.call('GET', '/api/v1/auth/me', { token });
const refresh = (replica: AccountsApp, cookie: string | undefined) =>
  replica.call('POST', '/api/v1/auth/refresh', { cookie });

describe('signing in', () => {
  it('answers who is signed in and where, and keeps the refresh token from scripts and other sites', async () => {
    const person = await app.person({ role: 'editor', tenant: 'Elm Street Clinic' });
    const reply = await app.call('POST', '/api/v1/auth/login', {
      body: { email: ` ${person.email.toUpperCase()}`, password: PASSWORD },
    });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 900,
      user: { id: person.userId, email: person.email, operator: expect.any(Boolean) },
      tenant: { id: person.tenantId, name: 'Elm Street Clinic' },
      role: 'editor',
      tenants: [{ id: person.tenantId, name: 'Elm Street Clinic', role: 'editor' }],
    });
    expect(reply.body.refresh_token).toBeUndefined();
    const cookie = reply.headers.getSetCookie()[0]!;
    expect(cookie).toMatch(/^ava_refresh=[\w-]+; .*Path=\/api\/v1\/auth; .*HttpOnly; SameSite=Strict$/);
    expect((await me(app, reply.body.access_token)).body.user.id).toBe(person.userId);
  });

  it('sends the cookie over https alone where AVA is reached by https', async () => {
    const secure = await startAccountsApp({
      database: test.database,
      secrets: app.secrets,
      publicUrl: 'https://ava.example.test',
    });
    const person = await secure.person();
    const reply = await secure.call('POST', '/api/v1/auth/login', {
      body: { email: person.email, password: PASSWORD },
    });
    expect(reply.headers.getSetCookie()[0]).toContain('; Secure');
    await secure.close();
  });

  it('gives the refresh token in the answer only when asked to, and then sets no cookie', async () => {
    const { email } = await app.person();
    const body = { email, password: PASSWORD, token_delivery: 'body' };
    const reply = await app.call('POST', '/api/v1/auth/login', { body });
    expect(reply.headers.getSetCookie()).toEqual([]);
    const next = await app.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: reply.body.refresh_token } });
    expect(next.status).toBe(200);
    expect(next.body.refresh_token).not.toBe(reply.body.refresh_token);
    expect(next.headers.getSetCookie()).toEqual([]);
  });

  it('has one answer for a wrong password, an unknown person, a foreign tenant and a person without a tenant', async () => {
    const person = await app.person();
    const homeless = await app.person();
    const stranger = await app.person();
    await test.database.asTenant(homeless.tenantId, (trx) => trx.deleteFrom('members').execute());
    const bodies = [
      { email: person.email, password: 'wrong horse battery' },
      { email: 'nobody@example.test', password: PASSWORD },
      { email: "x' or 1=1 --", password: PASSWORD },
      { email: person.email, password: PASSWORD, tenant_id: stranger.tenantId },
      { email: homeless.email, password: PASSWORD },
    ];
    const replies = await Promise.all(bodies.map((body) => app.call('POST', '/api/v1/auth/login', { body })));
    expect(replies.map((reply) => reply.status)).toEqual([401, 401, 401, 401, 401]);
    expect(new Set(replies.map(({ body }) => JSON.stringify({ ...body, correlation_id: '' }))).size).toBe(1);
    expect(replies[0]!.body.code).toBe('sign_in_failed');
  });

  it('writes neither passwords nor tokens to the log', async () => {
    const person = await app.person();
    const failed = { email: person.email, password: 'mistyped horse battery' };
    await app.call('POST', '/api/v1/auth/login', { body: failed });
    await refresh(app, person.cookie);
    await refresh(app, person.cookie);
    clock.advance(11_000);
    await refresh(app, person.cookie);
    expect(app.log()).toContain('came again');
    for (const secret of [PASSWORD, failed.password, person.token, person.cookie!.split('=')[1]!]) {
      expect(app.log()).not.toContain(secret);
    }
  });
});

describe('refreshing', () => {
  it('gives a new token each time, and ends the whole family when a used one comes again', async () => {
    const person = await app.person();
    const second = await refresh(app, person.cookie);
    const third = await refresh(other, second.cookie);
    expect([second.status, third.status]).toEqual([200, 200]);
    expect(new Set([person.cookie, second.cookie, third.cookie]).size).toBe(3);
    clock.advance(10_001);

    expect((await refresh(app, second.cookie)).status).toBe(401);
    expect((await refresh(app, third.cookie)).status).toBe(401);
    expect((await me(app, third.body.access_token)).status).toBe(401);
    const { entries } = await app.audit.list(person.tenantId, { limit: 10 });
    expect(entries[0]).toMatchObject({ action: 'session.ended', details: { because: 'refresh token used twice' } });
  });

  it('gives two tabs that refresh at the same moment one successor and signs neither out', async () => {
    const person = await app.person();
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) => refresh(i % 2 === 0 ? app : other, person.cookie)),
    );
    expect(replies.map((reply) => reply.status)).toEqual(Array(8).fill(200));
    expect(new Set(replies.map((reply) => reply.cookie)).size).toBe(1);
    clock.advance(60_000);
    expect((await refresh(app, replies[0]!.cookie)).status).toBe(200);
  });

  it('never takes the token before the last one, not even within the time of grace', async () => {
    const person = await app.person();
    const second = await refresh(app, person.cookie);
    const third = await refresh(app, second.cookie);
    expect((await refresh(app, person.cookie)).status).toBe(401);
    expect((await refresh(app, third.cookie)).status).toBe(401);
  });

  it('refuses an invented token without a look into the database, and a forged one without ending the session', async () => {
    const person = await app.person();
    const token = Buffer.from(person.cookie!.split('=')[1]!, 'base64url');
    const forged = Buffer.from(token);
    forged[forged.length - 1]! ^= 1;
    const invented = Buffer.from(token);
    invented[3]! ^= 1;
    for (const bytes of [forged, invented, randomBytes(68), Buffer.alloc(0)]) {
      const reply = await refresh(app, `ava_refresh=${bytes.toString('base64url')}`);
      expect(reply.status).toBe(401);
    }
    expect(app.accounts.sessions.claimedBy(invented.toString('base64url'))).toBeUndefined();
    expect((await refresh(app, person.cookie)).status).toBe(200);
  });

  it('ends after 14 days without use', async () => {
    const person = await app.person();
    clock.advance(13 * 86_400_000);
    const next = await refresh(app, person.cookie);
    expect(next.status).toBe(200);
    clock.advance(14 * 86_400_000 + 1);
    expect((await refresh(app, next.cookie)).status).toBe(401);
  });
});

describe('what changes holds at once', () => {
  it('signs out here at once and on another replica too, which knew the session from memory', async () => {
    const person = await app.person();
    expect((await me(other, person.token)).status).toBe(200);
    const reply = await app.call('POST', '/api/v1/auth/logout', { cookie: person.cookie });
    expect(reply.status).toBe(204);
    expect(reply.headers.getSetCookie()[0]).toContain('ava_refresh=;');
    expect((await me(app, person.token)).status).toBe(401);
    // The hand-turned clock stands still, so the other replica can only have heard of it.
    await until('the other replica has heard of it', async () => (await me(other, person.token)).status === 401);
    expect((await refresh(app, person.cookie)).status).toBe(401);
  });

  it('notices within a second where no message arrived', async () => {
    const person = await app.person();
    expect((await me(other, person.token)).status).toBe(200);
    await test.database.system
      .updateTable('sessions')
      .set({ revoked_at: clock.now() })
      .where('user_id', '=', person.userId)
      .execute();
    clock.advance(999);
    clock.advance(1);
    expect((await me(other, person.token)).status).toBe(401);
  });

  it('takes a role away at once, also from a token that was made before', async () => {
    const owner = await app.person();
    const tenant = (await me(app, owner.token)).body.tenant.name as string;
    const member = await app.person({ tenant, role: 'admin' });
    expect((await app.call('GET', '/api/v1/ops/audit', { token: member.token })).status).toBe(200);
    const path = `/api/v1/members/${member.userId}`;
    await app.call('PATCH', path, { token: owner.token, body: { role: 'viewer' } });
    expect((await app.call('GET', '/api/v1/ops/audit', { token: member.token })).status).toBe(403);
    expect((await me(app, member.token)).body.role).toBe('viewer');
    await app.call('DELETE', path, { token: owner.token });
    expect((await me(app, member.token)).status).toBe(401);
  });

  it('changes the password, ends the other sessions and keeps this one', async () => {
    const person = await app.person();
    const login = { email: person.email, password: PASSWORD };
    const elsewhere = await app.call('POST', '/api/v1/auth/login', { body: login });
    const change = (current_password: string, token: string) =>
      app.call('POST', '/api/v1/auth/password', {
        token,
        body: { current_password, new_password: 'a new horse battery' },
      });
    const wrong = await change('not the password', person.token);
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'password_wrong', errors: [{ field: 'current_password' }] },
    });
    expect((await change(PASSWORD, person.token)).body).toEqual({ sessions_ended: 1 });
    expect((await me(app, elsewhere.body.access_token)).status).toBe(401);
    expect((await me(app, person.token)).status).toBe(200);
    expect((await app.call('POST', '/api/v1/auth/login', { body: login })).status).toBe(401);
  });

  it('goes on in another tenant with the same session, and only where the person is a member', async () => {
    const home = await app.person();
    const guestOf = await app.person();
    const foreign = await app.person();
    await app.call('POST', '/api/v1/members', { token: guestOf.token, body: { email: home.email, role: 'viewer' } });
    const go = (tenant_id: string) =>
      app.call('POST', '/api/v1/auth/switch-tenant', { token: home.token, body: { tenant_id } });
    const moved = await go(guestOf.tenantId);
    expect(moved.body).toMatchObject({ tenant: { id: guestOf.tenantId }, role: 'viewer' });
    expect((await me(app, moved.body.access_token)).body.tenant.id).toBe(guestOf.tenantId);
    expect((await go(foreign.tenantId)).status).toBe(403);
    expect((await refresh(app, home.cookie)).body.tenant.id).toBe(guestOf.tenantId);
  });
});
