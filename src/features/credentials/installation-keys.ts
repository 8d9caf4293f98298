/**
 * Random keys of the installation, sealed by the vault: they outlive any rotation of AVA_SECRET_KEY. The audit trail
 * needs one, since its old entries must be provable for as long as they are kept.
 */
import { randomBytes } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { Place, Vault } from './vault.ts';

/**
 * Gives the key, made at the first use of the installation. Within a transaction pass it as `trx`: then no second
 * connection is waited for while the first is held. Throws `VaultError`, `DatabaseUnavailable`.
 */
export type InstallationKey = (trx?: Transaction<Schema>) => Promise<Buffer>;

export function createInstallationKey({ db, vault }: { db: Database; vault: Vault }, purpose: string): InstallationKey {
  const place = placeOfInstallationKey(purpose);
  let known: Buffer | undefined;
  return async (trx) => {
    const sealed = known ? undefined : ((trx && (await find(trx, purpose))) ?? (await make(db, vault, purpose)));
    return (known ??= Buffer.from(vault.open(sealed!, place), 'base64url'));
  };
}

export function placeOfInstallationKey(purpose: string): Place {
  return { tenantId: 'installation', table: 'installation_keys', column: 'secret', row: purpose };
}

async function make(db: Database, vault: Vault, purpose: string): Promise<Buffer> {
  const secret = vault.seal(randomBytes(32).toString('base64url'), placeOfInstallationKey(purpose));
  // Two replicas may start at once: one insert wins, both read what won.
  await db.system
    .insertInto('installation_keys')
    .values({ purpose, secret })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await find(db.system, purpose))!;
}

async function find(db: Kysely<Schema>, purpose: string): Promise<Buffer | undefined> {
  const query = db.selectFrom('installation_keys').select('secret').where('purpose', '=', purpose);
  return (await query.executeTakeFirst())?.secret;
}
