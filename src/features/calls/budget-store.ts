import { sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { findPolicy } from './store.ts';

const DEFAULT_PER_USER = 50;
const DEFAULT_PER_TENANT = 200;

/**
 * Takes one call from the day's budget of the user and of the tenant; false, and nothing taken, when either is used up.
 * The rows are locked by the statements themselves, so that no two orders take the last one.
 */
export async function takeBudget(
  trx: Transaction<Schema>,
  { tenantId, userId, day }: { tenantId: string; userId: string; day: string },
): Promise<boolean> {
  const policy = await findPolicy(trx);
  const limits = [
    ['tenant', policy?.calls_per_tenant_per_day ?? DEFAULT_PER_TENANT],
    [userId, policy?.calls_per_user_per_day ?? DEFAULT_PER_USER],
  ] as const;
  await sql`savepoint budget`.execute(trx);
  for (const [who, most] of limits) {
    if (await takeOne(trx, { tenantId, day, who, most })) continue;
    await sql`rollback to savepoint budget`.execute(trx);
    return false;
  }
  return true;
}

/** Takes one text message from the tenant's budget of the day; false when it is used up. */
export function takeText(
  trx: Transaction<Schema>,
  order: { tenantId: string; day: string; most: number },
): Promise<boolean> {
  return takeOne(trx, { ...order, who: 'texts' });
}

async function takeOne(
  trx: Transaction<Schema>,
  { tenantId, day, who, most }: { tenantId: string; day: string; who: string; most: number },
): Promise<boolean> {
  const { rows } = await sql`
    insert into call_budgets (tenant_id, day, who, used) select ${tenantId}, ${day}::date, ${who}, 1 where ${most} > 0
    on conflict (tenant_id, day, who) do update set used = call_budgets.used + 1 where call_budgets.used < ${most}
    returning used`.execute(trx);
  return rows.length > 0;
}
