import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountsApp, PASSWORD, type Person, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createFirstTenant } from '../assistants/access.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { printResult } from '../../../test/harness/result.ts';
import { type Role, ROLES } from '../../http/caller.ts';

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

async function tenantWith(...roles: Role[]): Promise<Person[]> {
  const tenant = randomUUID();
  const people: Person[] = [];
  for (const role of roles) people.push(await app.person({ tenant, role }));
  return people;
}

const VAPI_KEY = '11111111-2222-4333-8444-555555555555';

/** Every operation of these rooms, the least role that may do it, and a request that is right. */
function operations(self: Person) {
  const member = (userId: string) => `/api/v1/members/${userId}`;
  return [
    { least: 'viewer', method: 'GET', path: '/api/v1/auth/me' },
    { least: 'viewer', method: 'POST', path: '/api/v1/auth/switch-tenant', body: { tenant_id: self.tenantId } },
    { least: 'viewer', method: 'GET', path: '/api/v1/members' },
    {
      least: 'admin',
      method: 'POST',
      path: '/api/v1/members',
      body: { email: `${randomUUID()}@example.test`, role: 'viewer', password: PASSWORD },
    },
    { least: 'admin', method: 'PATCH', path: member(randomUUID()), body: { role: 'viewer' }, done: 404 },
    { least: 'admin', method: 'DELETE', path: member(randomUUID()), done: 404 },
    { least: 'admin', method: 'GET', path: '/api/v1/ops/audit' },
    { least: 'admin', method: 'GET', path: '/api/v1/ops/audit/verification' },
    { least: 'viewer', method: 'GET', path: '/api/v1/vapi/credentials' },
    { least: 'admin', method: 'PUT', path: '/api/v1/vapi/credentials', body: { api_key: VAPI_KEY } },
    { least: 'admin', method: 'DELETE', path: '/api/v1/vapi/credentials' },
    { least: 'viewer', method: 'GET', path: '/api/v1/twilio/credentials' },
    {
      least: 'admin',
      method: 'PUT',
      path: '/api/v1/twilio/credentials',
      body: { account_sid: `AC${'a'.repeat(32)}`, auth_token: 'b'.repeat(32) },
    },
    { least: 'admin', method: 'DELETE', path: '/api/v1/twilio/credentials' },
    {
      least: 'operator',
      method: 'PUT',
      path: `/api/v1/ops/tenants/${self.tenantId}/environment`,
      body: { granted: true },
    },
  ] as { least: Role | 'operator'; method: string; path: string; body?: object; done?: number }[];
}

describe('roles', () => {
  it('let each do exactly what the table says', async () => {
    const first = await app.person();
    const people = await tenantWith('viewer', 'editor', 'admin', 'owner');
    const operator = await app.person({ operator: true, role: 'viewer' });
    const deviations: string[] = [];
    let cells = 0;
    for (const [index, person] of [...people, operator].entries()) {
      const role = ROLES[index];
      for (const { least, method, path, body, done = 200 } of operations(person)) {
        const may =
          least === 'operator' ? person === operator : ROLES.indexOf(role ?? 'viewer') >= ROLES.indexOf(least);
        const reply = await app.call(method, path, { token: person.token, body });
        const isDone = reply.status === done || reply.status === 201;
        cells += 1;
        if (may ? !isDone : reply.status !== 403) deviations.push(`${role} ${method} ${path} ${reply.status}`);
      }
    }
    printResult({
      id: 'S20',
      value: deviations.length,
      unit: 'deviations',
      goal: '0',
      floor: '0',
      pass: deviations.length === 0,
      n: cells,
    });
    expect(deviations).toEqual([]);
    expect(first.token).toBeDefined();
  });

  it('nobody gives or takes a role above their own', async () => {
    const [owner, admin, viewer] = (await tenantWith('owner', 'admin', 'viewer')) as [Person, Person, Person];
    const change = (who: Person, whom: Person, role: Role) =>
      app.call('PATCH', `/api/v1/members/${whom.userId}`, { token: who.token, body: { role } });
    expect((await change(admin, viewer, 'owner')).status).toBe(403);
    expect((await change(admin, owner, 'viewer')).status).toBe(403);
    expect((await change(admin, admin, 'owner')).status).toBe(403);
    expect((await app.call('DELETE', `/api/v1/members/${owner.userId}`, { token: admin.token })).status).toBe(403);
    const made = { email: 'new@example.test', role: 'owner', password: PASSWORD };
    expect((await app.call('POST', '/api/v1/members', { token: admin.token, body: made })).status).toBe(403);
    expect((await change(admin, viewer, 'editor')).body.member.role).toBe('editor');
  });

  it('keeps the last owner, whatever two of them do at once', async () => {
    const stepDown = (who: Person) =>
      app.call('PATCH', `/api/v1/members/${who.userId}`, { token: who.token, body: { role: 'viewer' } });
    for (let round = 0; round < 4; round += 1) {
      const pair = await tenantWith('owner', 'owner');
      const statuses = (await Promise.all(pair.map(stepDown))).map((reply) => reply.status);
      expect(statuses.toSorted()).toEqual([200, 409]);
    }
    const [left] = (await tenantWith('owner')) as [Person];
    const leave = await app.call('DELETE', `/api/v1/members/${left.userId}`, { token: left.token });
    expect(leave).toMatchObject({ status: 409, body: { code: 'last_owner' } });
  });

  it("refuses fields that are nobody's to set, and shows none that are nobody's to see", async () => {
    const owner = await app.person();
    const body = {
      email: 'evil@example.test',
      role: 'viewer',
      password: PASSWORD,
      operator: true,
      user_id: randomUUID(),
    };
    expect((await app.call('POST', '/api/v1/members', { token: owner.token, body })).status).toBe(422);
    const patch = { role: 'owner', operator: true };
    expect(
      (await app.call('PATCH', `/api/v1/members/${owner.userId}`, { token: owner.token, body: patch })).status,
    ).toBe(422);
    const list = await app.call('GET', '/api/v1/members', { token: owner.token });
    expect(Object.keys(list.body.members[0])).toEqual(['user_id', 'email', 'role', 'operator', 'created_at', 'etag']);
  });
});

describe('members', () => {
  it('adds a new person with a first password, an existing one with their own, and nobody twice', async () => {
    const owner = await app.person();
    const guest = await app.person();
    const add = (body: object) => app.call('POST', '/api/v1/members', { token: owner.token, body });
    const email = `${randomUUID()}@example.test`;
    const missing = await add({ email, role: 'editor' });
    expect(missing).toMatchObject({ status: 422, body: { errors: [{ field: 'password' }] } });
    expect((await add({ email, role: 'editor', password: PASSWORD })).status).toBe(201);
    const login = await app.call('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } });
    expect(login.body).toMatchObject({ role: 'editor', tenant: { id: owner.tenantId } });
    expect((await add({ email: guest.email, role: 'viewer', password: 'another horse battery' })).status).toBe(201);
    const own = { email: guest.email, password: PASSWORD, tenant_id: owner.tenantId };
    expect((await app.call('POST', '/api/v1/auth/login', { body: own })).body.tenant.id).toBe(owner.tenantId);
    expect(await add({ email, role: 'viewer' })).toMatchObject({ status: 409, body: { code: 'already_member' } });
  });

  it('lists them page by page, and never those of another tenant', async () => {
    const people = await tenantWith('owner', 'admin', 'viewer', 'viewer', 'viewer');
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await app.call('GET', `/api/v1/members?limit=2${cursor}`, { token: people[0]!.token });
      seen.push(...page.body.members.map((member: { user_id: string }) => member.user_id));
      cursor = page.body.next_cursor ? `&cursor=${page.body.next_cursor}` : '';
    } while (cursor !== '');
    expect(seen).toEqual(people.map((person) => person.userId));
    const stranger = await app.person();
    const path = `/api/v1/members/${people[2]!.userId}`;
    expect((await app.call('DELETE', path, { token: stranger.token })).status).toBe(404);
  });

  it('honours If-Match with a difference field by field', async () => {
    const [owner, viewer] = (await tenantWith('owner', 'viewer')) as [Person, Person];
    const path = `/api/v1/members/${viewer.userId}`;
    const list = await app.call('GET', '/api/v1/members', { token: owner.token });
    const etag = list.body.members[1].etag as string;
    const change = (role: Role) =>
      app.call('PATCH', path, { token: owner.token, body: { role }, headers: { 'if-match': etag } });
    expect((await change('editor')).status).toBe(200);
    expect(await change('admin')).toMatchObject({
      status: 412,
      body: {
        code: 'conflict',
        current: { role: 'editor' },
        diff: [{ field: 'role', current: 'editor', yours: 'admin' }],
      },
    });
  });

  it('makes the first user operator of the tenant that the environment belongs to, and no other one', async () => {
    const empty = await createTestDatabase();
    const fresh = await startAccountsApp({ database: empty.database });
    const probe = { email: 'probe@example.test', password: PASSWORD, tenant: 'Probe', synthetic: true };
    expect((await fresh.accounts.users.createUser(probe)).user.operator).toBe(false);
    const both = ['one', 'two'].map((name) =>
      fresh.accounts.users.createUser({ email: `${name}@example.test`, password: PASSWORD, tenant: name }),
    );
    const made = await Promise.all(both);
    expect(made.filter(({ user }) => user.operator)).toHaveLength(1);
    const tenants = await empty.database.system
      .selectFrom('tenants')
      .selectAll()
      .where('uses_environment', '=', true)
      .execute();
    expect(await createFirstTenant(empty.database)(tenants[0]!.id)).toBe(true);
    expect(tenants.map(({ id }) => id)).toEqual(
      made.filter(({ user }) => user.operator).map(({ tenant }) => tenant.id),
    );
    await fresh.close();
    await empty.drop();
  });
});
