/** A tenant with a person in it, made straight in the database. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/connect.ts';
import type { Caller, Role } from '../../src/http/caller.ts';

/** Makes a tenant and a user who is its member; answers the caller that this user would be. */
export async function makeCaller(db: Database, role: Role = 'owner', operator = true): Promise<Caller> {
  const tenantId = randomUUID();
  const userId = randomUUID();
  const email = `${userId.slice(0, 8)}@example.test`;
  await db.system.insertInto('tenants').values({ id: tenantId, name: 'Birch Dental' }).execute();
  await db.system.insertInto('users').values({ id: userId, email, password_hash: 'x', operator }).execute();
  await db.asTenant(tenantId, (trx) =>
    trx.insertInto('members').values({ tenant_id: tenantId, user_id: userId, role }).execute(),
  );
  return { tenantId, userId, email, role, operator, sessionId: randomUUID(), synthetic: false };
}
