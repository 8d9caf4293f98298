/** Which calls a person has read: each person's own, whatever others of the tenant have read. */
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import { findCall } from './store.ts';

export type Reader = { tenantId: string; userId: string };

export function createReads({ db }: { db: Database }) {
  return {
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
