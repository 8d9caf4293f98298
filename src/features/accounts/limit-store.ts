import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';

export type AttemptCount = { key: Buffer; now: Date; forgetMs: number; delayMs: (failures: number) => number };

/** Counts one attempt; resolves to when the next is welcome if this one is not, and then counts nothing. */
export async function countAttempt(trx: Transaction<Schema>, count: AttemptCount): Promise<Date | undefined> {
  const { key, now, forgetMs, delayMs } = count;
  await trx
    .insertInto('sign_in_limits')
    .values({ key, failures: 0, blocked_until: null, updated_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await trx
    .selectFrom('sign_in_limits')
    .selectAll()
    .where('key', '=', key)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (row.blocked_until && row.blocked_until > now) return row.blocked_until;
  const isOld = now.getTime() - row.updated_at.getTime() > forgetMs;
  const failures = (isOld ? 0 : row.failures) + 1;
  const delay = delayMs(failures);
  await trx
    .updateTable('sign_in_limits')
    .set({ failures, blocked_until: delay > 0 ? new Date(now.getTime() + delay) : null, updated_at: now })
    .where('key', '=', key)
    .execute();
  return undefined;
}

export async function giveBackAttempts(db: Kysely<Schema>, keys: Buffer[]): Promise<void> {
  for (const key of keys) {
    await db
      .updateTable('sign_in_limits')
      .set({ failures: sql`greatest(failures - 1, 0)`, blocked_until: null })
      .where('key', '=', key)
      .execute();
  }
}

export async function forgetOldLimits(db: Kysely<Schema>, before: Date): Promise<void> {
  await db.deleteFrom('sign_in_limits').where('updated_at', '<', before).execute();
}
