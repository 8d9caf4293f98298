/** The edit of an assistant that is under way, as a row that ends by itself. */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { EditIntent, OpenEdit } from './known.ts';

type Trx = Transaction<Schema>;

/** How long an edit keeps others away; longer than everything that it does together. */
const LEASE_SECONDS = 45;
const leaseEnd = sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})`;

export function leaseStatements(db: Database) {
  return {
    /** Takes the place of the only edit; the answer is who holds it otherwise, and `free` when that was given back meanwhile. */
    takeLease: (tenantId: string, assistantId: string, token: string): Promise<'taken' | 'free' | OpenEdit> =>
      db.asTenant(tenantId, async (trx) => {
        const made = await trx
          .insertInto('assistant_edits')
          .values({
            tenant_id: tenantId,
            vapi_assistant_id: assistantId,
            token,
            intent: 'null',
            expires_at: leaseEnd,
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (made.numInsertedOrUpdatedRows === 1n) return 'taken';
        return (await openEditOf(trx, assistantId)) ?? 'free';
      }),

    /** Takes over a lease that has ended, with what its holder had written down; false when another was faster. */
    inherit: (tenantId: string, from: string, token: string): Promise<boolean> =>
      db.asTenant(tenantId, async (trx) => {
        const updated = await trx
          .updateTable('assistant_edits')
          .set({ token, expires_at: leaseEnd })
          .where('token', '=', from)
          .where('expires_at', '<=', sql<Date>`now()`)
          .executeTakeFirst();
        return updated.numUpdatedRows > 0n;
      }),

    /** Writes down what is about to be written to Vapi; false when the lease is no longer ours. */
    setIntent: (tenantId: string, token: string, intent: EditIntent): Promise<boolean> =>
      db.asTenant(tenantId, async (trx) => {
        const updated = await trx
          .updateTable('assistant_edits')
          .set({ intent: JSON.stringify(intent), expires_at: leaseEnd })
          .where('token', '=', token)
          .executeTakeFirst();
        return updated.numUpdatedRows > 0n;
      }),

    release: (tenantId: string, token: string): Promise<void> =>
      db.asTenant(tenantId, (trx) => releaseLease(trx, token)),

    releaseIn: (trx: Trx, token: string): Promise<void> => releaseLease(trx, token),

    /** Lets others look at an edit whose outcome is not known. */
    expire: (tenantId: string, token: string): Promise<void> =>
      db.asTenant(tenantId, async (trx) => {
        await trx
          .updateTable('assistant_edits')
          .set({ expires_at: sql<Date>`now()` })
          .where('token', '=', token)
          .execute();
      }),
  };
}

export async function openEditOf(trx: Trx, assistantId: string): Promise<OpenEdit | null> {
  const row = await trx
    .selectFrom('assistant_edits')
    .select(['token', 'intent', sql<boolean>`expires_at <= now()`.as('is_expired')])
    .where('vapi_assistant_id', '=', assistantId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { token: row.token, intent: row.intent as EditIntent | null, isExpired: row.is_expired };
}

async function releaseLease(trx: Trx, token: string): Promise<void> {
  await trx.deleteFrom('assistant_edits').where('token', '=', token).execute();
}
