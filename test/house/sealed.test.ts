/** Whatever AVA seals is sealed anew when its key changes; no column can be forgotten. */
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rotateSecrets } from '../../src/features/credentials/rotation.ts';
import { SEALED_COLUMNS, type SealedTable } from '../../src/features/credentials/sealed.ts';
import { createVault } from '../../src/features/credentials/vault.ts';
import { createTestDatabase, type TestDatabase } from '../harness/database.ts';
import { dropRules, insertOf, listTenantTables } from '../harness/sample-rows.ts';
import { isTest, readSources } from './imports.ts';

/** Columns of bytes that are of no use to whoever reads them: digests, and the seed that a refresh token is made of with the key. */
const DIGESTS = /[._](hash|fingerprint)$|_hash$|^sign_in_limits\.key$|^sessions\.seed$/;
/** Sealed, and of no tenant. */
const OF_AVA_ITSELF = ['installation_keys.secret'];

let database: TestDatabase;
let owner: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await database?.drop();
});

const listed = Object.entries(SEALED_COLUMNS).map(([table, column]) => `${table}.${column}`);

test('every place that code seals for is on the list', () => {
  const inCode = readSources('src')
    .filter((file) => !isTest(file))
    .flatMap(({ text }) => [...text.matchAll(/table: '(\w+)', column: '(\w+)', row:/g)])
    .map(([, table, column]) => `${table}.${column}`);
  expect(inCode.toSorted()).toEqual([...listed, ...OF_AVA_ITSELF].toSorted());
});

test('every column of bytes is sealed and on the list, or a digest', async () => {
  const { rows } = await owner.query<{ name: string }>(`
    select table_name || '.' || column_name as name from information_schema.columns
    where table_schema = 'public' and data_type = 'bytea'`);
  const unclear = rows
    .map(({ name }) => name)
    .filter((name) => !DIGESTS.test(name) && ![...listed, ...OF_AVA_ITSELF].includes(name));
  expect(unclear).toEqual([]);
});

test('a new key reaches every column on the list', async () => {
  const old = createVault({ secretKey: OLD });
  const tables = (await listTenantTables(owner)).filter(({ name }) => name in SEALED_COLUMNS);
  expect(tables).toHaveLength(listed.length);
  const tenant = randomUUID();
  for (const table of tables) {
    await dropRules(owner, table);
    await owner.query(insertOf(table, tenant));
    const column = SEALED_COLUMNS[table.name as SealedTable];
    const row = await keyOf(tenant, table.name);
    const sealed = old.seal(`of ${table.name}`, { tenantId: tenant, table: table.name, column, row });
    await owner.query(`update "${table.name}" set "${column}" = $1 where tenant_id = $2`, [sealed, tenant]);
  }
  await owner.query(`update calendar_authorizations set expires_at = now() + interval '1 hour'`);
  const held = await sql<{ rows: string }>`select rows from sealed_by()`.execute(database.database.system);
  expect(held.rows.map(({ rows }) => Number(rows))).toEqual([listed.length]);

  const secrets = { secretKey: randomBytes(32).toString('hex') };
  const vault = createVault({ ...secrets, secretKeyPrevious: OLD });
  expect(await rotateSecrets({ db: database.database, vault })).toBe(listed.length);
  const alone = createVault(secrets);
  for (const { name } of tables) {
    const column = SEALED_COLUMNS[name as SealedTable];
    const { rows } = await owner.query<{ sealed: Buffer }>(`select "${column}" as sealed from "${name}"`);
    const place = { tenantId: tenant, table: name, column, row: await keyOf(tenant, name) };
    expect(alone.open(rows[0]!.sealed, place)).toBe(`of ${name}`);
  }
});

const OLD = randomBytes(32).toString('hex');

/** What names the row of a tenant, in the words that code uses. */
async function keyOf(tenantId: string, table: string): Promise<string> {
  const { rows } = await owner.query<Record<string, unknown>>(`select * from "${table}" where tenant_id = $1`, [
    tenantId,
  ]);
  const { vendor, id, provider, state_hash: hash, vapi_assistant_id: assistant } = rows[0]!;
  const keys: Record<SealedTable, unknown> = {
    vendor_credentials: vendor,
    webhook_secrets: id,
    calendar_connections: provider,
    calendar_authorizations: (hash as Buffer | undefined)?.toString('hex'),
    assistants: assistant,
  };
  return String(keys[table as SealedTable]);
}
