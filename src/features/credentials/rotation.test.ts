import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../db/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { printResult, testScale } from '../../../test/harness/result.ts';
import { placeOf } from './credentials.ts';
import { createInstallationKey } from './installation-keys.ts';
import { checkSecretKey, rotateSecrets } from './rotation.ts';
import { createVault, type Vault, VaultError } from './vault.ts';

const old = { secretKey: randomBytes(32).toString('hex') };
const next = { secretKey: randomBytes(32).toString('hex'), secretKeyPrevious: old.secretKey };
const after = { secretKey: next.secretKey };

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await test.drop();
});

async function fill(vault: Vault, count: number): Promise<string[]> {
  const tenants = Array.from({ length: count }, () => randomUUID());
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query('insert into tenants (id, name) select id, $2 from unnest($1::uuid[]) id', [tenants, 'Birch']);
  await owner.query(
    `insert into vendor_credentials (tenant_id, vendor, secret, last4, updated_by)
     select t, 'vapi', s, '1234', 'x' from unnest($1::uuid[], $2::bytea[]) as f (t, s)`,
    [tenants, tenants.map((id) => vault.seal(`key of ${id}`, placeOf(id, 'vapi')))],
  );
  await owner.end();
  return tenants;
}

async function readable(vault: Vault, tenants: string[]): Promise<number> {
  let failed = 0;
  for (const id of tenants) {
    const row = await test.database.asTenant(id, (trx) =>
      trx.selectFrom('vendor_credentials').select('secret').executeTakeFirstOrThrow(),
    );
    if (vault.open(row.secret, placeOf(id, 'vapi')) !== `key of ${id}`) failed += 1;
  }
  return failed;
}

describe('rotation of AVA_SECRET_KEY', () => {
  it('seals everything anew while it is read, also when it was stopped midway', async () => {
    const count = 2_000 * testScale();
    const tenants = await fill(createVault(old), count);
    const auditKey = await createInstallationKey({ db: test.database, vault: createVault(old) }, 'audit')();
    const vault = createVault(next);
    const readers = readable(vault, tenants.slice(0, 500));

    // Three batches, and the look-up for the fourth.
    const ending = rotateSecrets({ db: endingAfter(7), vault }, { tenantsAtOnce: 100 });
    await expect(ending).rejects.toThrow('ended');
    const startedMs = performance.now();
    const done = await rotateSecrets({ db: test.database, vault });
    const perSecond = Math.round(done / ((performance.now() - startedMs) / 1000));

    const left = await sql<{
      rows: number;
    }>`select rows from sealed_by() where key_prefix = ${vault.previousPrefix}`.execute(test.database.system);
    const failed = (await readers) + (await readable(createVault(after), tenants.slice(-200)));
    expect(done).toBe(count - 300);
    expect(await createInstallationKey({ db: test.database, vault: createVault(after) }, 'audit')()).toEqual(auditKey);
    printResult({
      id: 'S09',
      value: `${failed} failed reads, ${left.rows.length} left, ${perSecond} rows/s`,
      unit: 'rotation of credentials',
      goal: '0, 0, 5,000/s',
      floor: '0, 0, 500/s',
      pass: failed === 0 && left.rows.length === 0 && perSecond >= 500,
      n: count,
    });
    expect({ failed, left: left.rows }).toEqual({ failed: 0, left: [] });
    expect(await rotateSecrets({ db: test.database, vault })).toBe(0);
  });

  it('goes on past a damaged row, and leaves it as it is', async () => {
    const [damaged, ...others] = await fill(createVault(old), 5);
    const sealed = createVault(old).seal('x', placeOf(randomUUID(), 'vapi'));
    await test.database.asTenant(damaged!, (trx) =>
      trx.updateTable('vendor_credentials').set({ secret: sealed }).execute(),
    );
    expect(await rotateSecrets({ db: test.database, vault: createVault(next) })).toBe(4);
    expect(await readable(createVault(after), others)).toBe(0);
    await test.database.asTenant(damaged!, (trx) => trx.deleteFrom('vendor_credentials').execute());
  });

  it('refuses to start with a key that opens nothing, and says what to do', async () => {
    await expect(checkSecretKey({ db: test.database, vault: createVault(after) })).resolves.toBeUndefined();
    const wrong = checkSecretKey({
      db: test.database,
      vault: createVault({ secretKey: randomBytes(32).toString('hex') }),
    });
    await expect(wrong).rejects.toThrow(VaultError);
    await expect(wrong).rejects.toThrow('give it as AVA_SECRET_KEY_PREVIOUS');
    await expect(checkSecretKey({ db: test.database, vault: createVault(old) })).rejects.toThrow(VaultError);
    await fill(createVault(old), 1);
    await expect(checkSecretKey({ db: test.database, vault: createVault(next) })).resolves.toBeUndefined();
    await expect(checkSecretKey({ db: test.database, vault: createVault(after) })).rejects.toThrow('stored secret(s)');
  });
});

/** The database of a process that is ended after so many look-ups and batches. */
function endingAfter(uses: number): Database {
  let used = 0;
  return {
    ...test.database,
    lane(name) {
      used += 1;
      if (used > uses) throw new Error('ended');
      return test.database.lane(name);
    },
  };
}
