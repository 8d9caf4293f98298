/** Which calls a person has read: each person's own, whatever others of the tenant have read. */
import type { Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import { fail } from '../../errors.ts';
import { findCall } from './store.ts';

export type Reader = { tenantId: string; userId: string };

export function createReads({ db }: { db: Database }) {
  return {
    /** Of these calls, those that the person has read. */
    among: ({ tenantId, userId }: Reader, callIds: string[]): Promise<Set<string>> =>
      db.asTenant(tenantId, (trx) => readAmong(trx, { tenantId, userId }, callIds)),

    /** The first time counts; again changes nothing. */
    async mark({ tenantId, userId }: Reader, callId: string): Promise<void> {
      await db.asTenant(tenantId, async (trx) => {
        if ((await findCall(trx, callId)) === undefined) throw fail('not_found', 'There is no such call.');
        await trx
          .insertInto('call_reads')
          .values({ tenant_id: tenantId, user_id: userId, call_id: callId })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
    },
  };
}

export type Reads = ReturnType<typeof createReads>;

async function readAmong(trx: Transaction<Schema>, { tenantId, userId }: Reader, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await trx
    .selectFrom('call_reads')
    .select('call_id')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('call_id', 'in', ids)
    .execute();
  return new Set(rows.map((row) => row.call_id));
}
