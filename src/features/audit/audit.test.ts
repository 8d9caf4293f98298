import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountsApp, type Person, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { runInContext } from '../../correlation.ts';

let test: TestDatabase;
let app: AccountsApp;

beforeAll(async () => {
  test = await createTestDatabase();
  app = await startAccountsApp({ database: test.database });
});

afterAll(async () => {
  await app.close();
  await test.drop();
});

async function tenantWithEntries(count: number): Promise<string> {
  const id = randomUUID();
  await test.database.system.insertInto('tenants').values({ id, name: 'Birch' }).execute();
  await test.database.asTenant(id, async (trx) => {
    for (let i = 0; i < count; i += 1) {
      const details = { number: i, nested: { z: [1, 2.5, null], a: 'x\0y \ud800' }, when: new Date(0) };
      await app.audit.record(trx, {
        tenantId: id,
        actor: { name: `p${i}` },
        action: 'thing.done',
        subject: 's',
        details,
      });
    }
  });
  return id;
}

describe('the audit trail', () => {
  it('says who changed what under which correlation id, newest first, page by page', async () => {
    const person = await app.person();
    const headers = { 'x-correlation-id': 'test-12345' };
    await app.call('PUT', '/api/v1/vapi/credentials', {
      token: person.token,
      body: { api_key: 'secret-key-1234' },
      headers,
    });
    const page = await app.call('GET', '/api/v1/ops/audit?limit=1', { token: person.token });
    expect(page.body.entries).toMatchObject([
      {
        actor: person.email,
        action: 'credential.set',
        subject: 'vapi',
        correlation_id: 'test-12345',
        details: { after: { last4: '1234' } },
      },
    ]);
    const next = await app.call('GET', `/api/v1/ops/audit?limit=1&cursor=${page.body.next_cursor}`, {
      token: person.token,
    });
    expect(next.body.entries[0].action).toBe('session.started');
    const some = await app.call('GET', '/api/v1/ops/audit?action=credential.', { token: person.token });
    expect(some.body.entries).toHaveLength(1);
    expect(JSON.stringify(some.body)).not.toContain('secret-key');
    const verified = await app.call('GET', '/api/v1/ops/audit/verification', { token: person.token });
    expect(verified.body).toMatchObject({ intact: true, entries: 3, broken_at: null });
  });

  it('is whole after a hundred writers at once, none of whom forks it', async () => {
    const id = await tenantWithEntries(0);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        runInContext({ correlationId: `c${i}` }, () =>
          test.database.asTenant(id, (trx) =>
            app.audit.record(trx, { tenantId: id, actor: { name: 'x' }, action: 'thing.done', subject: String(i) }),
          ),
        ),
      ),
    );
    expect(await app.audit.verifyChain(id)).toMatchObject({ intact: true, entries: 100 });
  });

  it('writes no entry for a change that did not happen', async () => {
    const id = await tenantWithEntries(1);
    const failing = test.database.asTenant(id, async (trx) => {
      await app.audit.record(trx, { tenantId: id, actor: { name: 'x' }, action: 'thing.done', subject: 's' });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await app.audit.verifyChain(id)).toMatchObject({ intact: true, entries: 1 });
  });

  it('cannot be changed or cut by the role that serves', async () => {
    const id = await tenantWithEntries(2);
    for (const statement of [
      'delete from audit_entries',
      "update audit_entries set actor = 'x'",
      'delete from audit_heads',
    ]) {
      const attempt = test.database.asTenant(id, (trx) => sql.raw(statement).execute(trx));
      await expect(attempt).rejects.toThrow('permission denied');
    }
  });

  it('has exactly one entry for every operation that changes something', async () => {
    const owner = await app.person({ operator: true });
    const guest = await app.person();
    const off: string[] = [];
    for (const { method, path, body } of changes(owner, guest)) {
      const before = await app.audit.verifyChain(owner.tenantId);
      const reply = await app.call(method, path, { token: owner.token, body });
      const after = await app.audit.verifyChain(owner.tenantId);
      if (reply.status >= 300 || after.entries - before.entries !== 1) {
        off.push(`${method} ${path}: ${reply.status}, ${after.entries - before.entries} entries`);
      }
    }
    expect(off).toEqual([]);
  });
});

function changes(owner: Person, guest: Person): { method: string; path: string; body?: object }[] {
  const member = `/api/v1/members/${guest.userId}`;
  const twilio = { account_sid: `AC${'a'.repeat(32)}`, auth_token: 'b'.repeat(32) };
  return [
    { method: 'POST', path: '/api/v1/auth/login', body: { email: owner.email, password: owner.password } },
    { method: 'POST', path: '/api/v1/auth/switch-tenant', body: { tenant_id: owner.tenantId } },
    { method: 'POST', path: '/api/v1/members', body: { email: guest.email, role: 'viewer' } },
    { method: 'PATCH', path: member, body: { role: 'editor' } },
    { method: 'DELETE', path: member },
    { method: 'PUT', path: '/api/v1/vapi/credentials', body: { api_key: 'secret-key-1234' } },
    { method: 'PUT', path: '/api/v1/vapi/credentials', body: { api_key: 'secret-key-5678' } },
    { method: 'DELETE', path: '/api/v1/vapi/credentials' },
    { method: 'PUT', path: '/api/v1/twilio/credentials', body: twilio },
    { method: 'DELETE', path: '/api/v1/twilio/credentials' },
    { method: 'PUT', path: `/api/v1/ops/tenants/${owner.tenantId}/environment`, body: { granted: true } },
    {
      method: 'POST',
      path: '/api/v1/auth/password',
      body: { current_password: owner.password, new_password: 'a new horse battery' },
    },
    { method: 'POST', path: '/api/v1/auth/logout' },
  ];
}
