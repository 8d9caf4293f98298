/** What is asked about one person reads nothing of anybody else's, however many tenants there are. */
import { sql, type Transaction } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AccountsApp, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import type { Schema } from '../../db/schema.ts';
import { findActiveSession, findUserByEmail, listMemberships } from './store.ts';

let test: TestDatabase;
let app: AccountsApp;

beforeAll(async () => {
  test = await createTestDatabase();
  app = await startAccountsApp({ database: test.database });
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(`insert into tenants (name) select 'Tenant' from generate_series(1, 20000)`);
  await owner.query('analyze tenants');
  await owner.end();
});

afterAll(async () => {
  await app.close();
  await test.drop();
});

it('finds a person, the session and the memberships without walking through all tenants', async () => {
  const { email, userId, tenantId } = await app.person();
  await test.database.system.transaction().execute(async (trx) => {
    const { id } = await trx
      .selectFrom('sessions')
      .select('id')
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    const before = await tenantsReadInARow(trx);
    expect(await findUserByEmail(trx, email)).toMatchObject({ id: userId });
    expect(await findActiveSession(trx, id, tenantId)).toMatchObject({ userId, role: 'owner' });
    expect(await listMemberships(trx, userId)).toMatchObject([{ id: tenantId, role: 'owner' }]);
    expect((await tenantsReadInARow(trx)) - before).toBe(0);
  });
});

async function tenantsReadInARow(trx: Transaction<Schema>): Promise<number> {
  const { rows } = await sql<{ read: string }>`
    select seq_tup_read as read from pg_stat_xact_user_tables where relname = 'tenants'`.execute(trx);
  return Number(rows[0]?.read ?? 0);
}
