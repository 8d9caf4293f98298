import { sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Role } from '../../http/caller.ts';

type Trx = Transaction<Schema>;

export type Member = { userId: string; email: string; operator: boolean; role: Role; createdAt: Date };

/** Members in the order in which they came, after the member `after`. */
export async function listMembers(trx: Trx, page: { after?: string | undefined; limit: number }): Promise<Member[]> {
  let query = members(trx).orderBy('m.created_at').orderBy('m.user_id').limit(page.limit);
  if (page.after !== undefined) {
    query = query.where(
      sql<boolean>`(m.created_at, m.user_id) > (select created_at, user_id from members where user_id = ${page.after}::uuid)`,
    );
  }
  return (await query.execute()).map(fromRow);
}

/** Locks the member's row where `lock` is set, so that what was checked still holds when it is written. */
export async function findMember(trx: Trx, userId: string): Promise<Member | undefined> {
  const row = await members(trx).where('m.user_id', '=', userId).forUpdate('m').executeTakeFirst();
  return row && fromRow(row);
}

function members(trx: Trx) {
  return trx
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['m.user_id', 'm.role', 'm.created_at', 'u.email', 'u.operator']);
}

type Row = Awaited<ReturnType<ReturnType<typeof members>['execute']>>[number];

function fromRow(row: Row): Member {
  const { email, operator } = row;
  return { userId: row.user_id, email, operator, role: row.role as Role, createdAt: row.created_at };
}

/** The owners of the tenant, locked: of two who step down at once the second sees the first gone. */
export async function lockOwners(trx: Trx): Promise<string[]> {
  const rows = await trx
    .selectFrom('members')
    .select('user_id')
    .where('role', '=', 'owner')
    .orderBy('user_id')
    .forUpdate()
    .execute();
  return rows.map((row) => row.user_id);
}

/** False when the person is a member already. */
export async function insertMember(
  trx: Trx,
  member: { tenantId: string; userId: string; role: Role; now: Date },
): Promise<boolean> {
  const row = await trx
    .insertInto('members')
    .values({ tenant_id: member.tenantId, user_id: member.userId, role: member.role, created_at: member.now })
    .onConflict((conflict) => conflict.doNothing())
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function setRole(trx: Trx, userId: string, role: Role): Promise<void> {
  await trx.updateTable('members').set({ role }).where('user_id', '=', userId).execute();
}

export async function deleteMember(trx: Trx, userId: string): Promise<void> {
  await trx.deleteFrom('members').where('user_id', '=', userId).execute();
}

/** Whether only verification's own people are there yet, or nobody at all; whoever asks here holds the answer until the transaction ends. */
export async function lockWhetherEmpty(trx: Trx): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtext('ava-first-user'))`.execute(trx);
  const { rows } = await sql<{ empty: boolean }>`
    select not exists (select from users) or not exists (select from tenants where not synthetic) as empty`.execute(
    trx,
  );
  return rows[0]!.empty;
}

export type Tenant = { id: string; name: string };

export async function findTenantByName(trx: Trx, name: string): Promise<Tenant | undefined> {
  return trx
    .selectFrom('tenants')
    .select(['id', 'name'])
    .where('name', '=', name)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
}

export async function insertTenant(
  trx: Trx,
  tenant: Tenant & { synthetic: boolean; usesEnvironment: boolean },
): Promise<void> {
  const { id, name, synthetic, usesEnvironment } = tenant;
  await trx.insertInto('tenants').values({ id, name, synthetic, uses_environment: usesEnvironment }).execute();
}
