/**
 * Random keys of the installation, sealed by the vault: they outlive any rotation of AVA_SECRET_KEY. The audit trail
 * needs one, since its old entries must be provable for as long as they are kept.
 */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/connect.ts';
import type { Place, Vault } from './vault.ts';

/** Gives the key, made at the first use of the installation. Throws `VaultError`, `DatabaseUnavailable`. */
export type InstallationKey = () => Promise<Buffer>;

export function createInstallationKey({ db, vault }: { db: Database; vault: Vault }, purpose: string): InstallationKey {
  let known: Promise<Buffer> | undefined;
  return () => {
    known ??= findOrMake(db, vault, purpose).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

export function placeOfInstallationKey(purpose: string): Place {
  return { tenantId: 'installation', table: 'installation_keys', column: 'secret', row: purpose };
}

async function findOrMake(db: Database, vault: Vault, purpose: string): Promise<Buffer> {
  const place = placeOfInstallationKey(purpose);
  const fresh = vault.seal(randomBytes(32).toString('base64url'), place);
  // Two replicas may start at once: one insert wins, both read what won.
  await db.system
    .insertInto('installation_keys')
    .values({ purpose, secret: fresh })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.system
    .selectFrom('installation_keys')
    .select('secret')
    .where('purpose', '=', purpose)
    .executeTakeFirstOrThrow();
  return Buffer.from(vault.open(row.secret, place), 'base64url');
}
