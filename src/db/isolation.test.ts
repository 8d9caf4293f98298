import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await test.drop();
});

describe('isolation of tenants in the database, seen by the role that serves', () => {
  it('is a role that owns nothing, may not pass row-level security and is no superuser', async () => {
    const { rows } = await sql<{ role: string; owned: number; bypasses: boolean; superuser: boolean }>`
      select r.rolname as role, r.rolbypassrls as bypasses, r.rolsuper as superuser,
        (select count(*) from pg_class c where c.relowner = r.oid)
        + (select count(*) from pg_proc p where p.proowner = r.oid)
        + (select count(*) from pg_namespace n where n.nspowner = r.oid) as owned
      from pg_roles r where r.rolname = current_user`.execute(test.database.system);
    expect(rows).toEqual([{ role: 'ava_app', owned: 0, bypasses: false, superuser: false }]);
  });
});
