import { type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';

type Db = Kysely<Schema>;
type Trx = Transaction<Schema>;

export type Vendor = 'vapi' | 'twilio';

export type StoredCredential = {
  account: string | null;
  secret: Buffer;
  last4: string;
  updatedAt: Date;
};

export async function findCredential(
  trx: Trx,
  vendor: Vendor,
  forUpdate = false,
): Promise<StoredCredential | undefined> {
  const query = trx
    .selectFrom('vendor_credentials')
    .select(['account', 'secret', 'last4', 'updated_at'])
    .where('vendor', '=', vendor);
  const row = await (forUpdate ? query.forUpdate() : query).executeTakeFirst();
  return row && { account: row.account, secret: row.secret, last4: row.last4, updatedAt: row.updated_at };
}

export type NewCredential = StoredCredential & { tenantId: string; vendor: Vendor; updatedBy: string };

export async function putCredential(trx: Trx, credential: NewCredential): Promise<void> {
  const {
    tenantId: tenant_id,
    vendor,
    account,
    secret,
    last4,
    updatedAt: updated_at,
    updatedBy: updated_by,
  } = credential;
  await trx
    .insertInto('vendor_credentials')
    .values({ tenant_id, vendor, account, secret, last4, updated_at, updated_by })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'vendor']).doUpdateSet({ account, secret, last4, updated_at, updated_by }),
    )
    .execute();
}

export async function deleteCredential(trx: Trx, vendor: Vendor): Promise<void> {
  await trx.deleteFrom('vendor_credentials').where('vendor', '=', vendor).execute();
}

/** Makes changes of one tenant's credential wait for each other, also where there is no row to lock yet. */
export async function lockCredential(trx: Trx, tenantId: string, vendor: Vendor): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`credential ${tenantId} ${vendor}`}, 0))`.execute(trx);
}

export async function usesEnvironment(db: Db, tenantId: string): Promise<boolean | undefined> {
  const row = await db.selectFrom('tenants').select('uses_environment').where('id', '=', tenantId).executeTakeFirst();
  return row?.uses_environment;
}

/** Resolves to what it was before, or undefined where there is no such tenant. */
export async function setUsesEnvironment(trx: Trx, tenantId: string, granted: boolean): Promise<boolean | undefined> {
  // Not "for update", which whoever records something of the tenant would wait for, and could meet in a deadlock.
  const row = await trx
    .selectFrom('tenants')
    .select('uses_environment')
    .where('id', '=', tenantId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row) await trx.updateTable('tenants').set({ uses_environment: granted }).where('id', '=', tenantId).execute();
  return row?.uses_environment;
}
