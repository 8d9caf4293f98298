/**
 * Rotation of AVA_SECRET_KEY while everything runs: what the previous key sealed is sealed anew with the current one,
 * in small transactions. It may be stopped at any point and begun again; readers open both.
 */
import { sql } from 'kysely';
import type { Database } from '../../db/connect.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { type InstallationKey, placeOfInstallationKey } from './installation-keys.ts';
import { SEALED_COLUMNS, type SealedTable } from './sealed.ts';
import { keyName, type Place, type Vault, VaultError } from './vault.ts';

export type RotationDeps = { db: Database; vault: Vault };

/**
 * For the start: refuses a wrong AVA_SECRET_KEY before anything is sealed with it. A database that is away is no
 * reason not to start.
 */
export async function settleSecretKey(
  deps: RotationDeps & { log: { warn(fields: object, message: string): void }; keys: InstallationKey[] },
): Promise<void> {
  try {
    await checkSecretKey(deps);
    for (const key of deps.keys) await key();
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    deps.log.warn({ err: error }, 'AVA_SECRET_KEY could not be checked against what is stored');
  }
}

/** Throws `VaultError` with the remedy when stored secrets were sealed with a key that is not at hand. */
export async function checkSecretKey({ db, vault }: RotationDeps): Promise<void> {
  const known = [vault.currentPrefix, vault.previousPrefix];
  const sealed = sql<{ key_prefix: Buffer; rows: number }>`
    select key_prefix, rows from sealed_by()
    union all select substring(secret from 1 for 5), count(*) from installation_keys group by 1`.execute(db.system);
  const ofInstallation = db.system.selectFrom('installation_keys').select(['purpose', 'secret']).execute();
  const [{ rows }, keys] = await Promise.all([sealed, ofInstallation]);
  for (const { key_prefix: prefix, rows: count } of rows) {
    if (known.some((candidate) => candidate?.equals(prefix))) continue;
    throw new VaultError(
      `${count} stored secret(s) were sealed with another AVA_SECRET_KEY (${keyName(prefix)}). ` +
        'Put that key back, or give it as AVA_SECRET_KEY_PREVIOUS while the new one is AVA_SECRET_KEY.',
    );
  }
  for (const { purpose, secret } of keys) vault.open(secret, placeOfInstallationKey(purpose));
}

/** Seals what is left of the previous key anew; resolves to how many it did. Nothing to do without a previous key. */
export async function rotateSecrets(deps: RotationDeps, options: { tenantsAtOnce?: number } = {}): Promise<number> {
  const { db, vault } = deps;
  const { previousPrefix } = vault;
  if (!previousPrefix) return 0;
  let done = await rotateInstallationKeys(deps, previousPrefix);
  for (;;) {
    const { rows } = await sql<{ tenant: string }>`
      select t as tenant from tenants_sealed_by(${previousPrefix}, ${options.tenantsAtOnce ?? 200}) t`.execute(
      db.lane('job').system,
    );
    if (rows.length === 0) return done;
    const count = await rotateTenants(
      deps,
      previousPrefix,
      rows.map((row) => row.tenant),
    );
    // Rows that others hold locked at this moment are left for the next round; without any progress there is none.
    if (count === 0) return done;
    done += count;
  }
}

type Sealed = { owner: string; source: SealedTable; row_key: string; sealed: Buffer };

/** Many tenants in one transaction: a commit each would be most of the cost. */
async function rotateTenants({ db, vault }: RotationDeps, prefix: Buffer, tenants: string[]): Promise<number> {
  return db
    .lane('job')
    .system.transaction()
    .execute(async (trx) => {
      const taken = await sql<Sealed>`select * from take_sealed(${tenants}::uuid[], ${prefix})`.execute(trx);
      const done = taken.rows.flatMap((row) => {
        const sealed = sealAnew(vault, row.sealed, placeOfRow(row));
        return sealed ? [{ ...row, sealed }] : [];
      });
      const column = <K extends keyof Sealed>(name: K) => done.map((row) => row[name]);
      await sql`select put_sealed(${column('owner')}::uuid[], ${column('source')}::text[],
        ${column('row_key')}::text[], ${column('sealed')}::bytea[])`.execute(trx);
      return done.length;
    });
}

function placeOfRow({ owner, source, row_key: key }: Sealed): Place {
  return { tenantId: owner, table: source, column: SEALED_COLUMNS[source], row: key };
}

/** Undefined for a damaged one: it is left as it is, and the others go on. */
function sealAnew(vault: Vault, secret: Buffer, place: Place): Buffer | undefined {
  try {
    return vault.seal(vault.open(secret, place), place);
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

async function rotateInstallationKeys({ db, vault }: RotationDeps, prefix: Buffer): Promise<number> {
  return db.system.transaction().execute(async (trx) => {
    const rows = await trx.selectFrom('installation_keys').select(['purpose', 'secret']).forUpdate().execute();
    const old = rows.filter(({ secret }) => secret.subarray(0, prefix.length).equals(prefix));
    for (const { purpose, secret } of old) {
      const place = placeOfInstallationKey(purpose);
      const sealed = vault.seal(vault.open(secret, place), place);
      await trx.updateTable('installation_keys').set({ secret: sealed }).where('purpose', '=', purpose).execute();
    }
    return old.length;
  });
}
