/** Indexes of tables that may be large: built beside those who read and write, for as long as it takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { clientSettings } from './pool.ts';
import { asDatabaseError } from './unavailable.ts';

const LONGEST_MS = 24 * 3_600_000;

/** `indexes`: what stands behind `create index NAME`, by name. One that is there already is kept; half a one is made anew. */
export async function buildIndexes(url: string, indexes: Readonly<Record<string, string>>): Promise<void> {
  const client = new Client(clientSettings({ ...BUILDING, url }));
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`set lock_timeout = 0; set maintenance_work_mem = '256MB'`);
    for (const [name, definition] of Object.entries(indexes)) await buildIndex(client, name, definition);
  } catch (error) {
    throw asDatabaseError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

const BUILDING = {
  applicationName: 'ava-migrate/index',
  role: undefined,
  statementTimeoutMs: LONGEST_MS,
  connectTimeoutMs: 5_000,
};

// The database builds none of a whole table by month beside those who write: it begins without a month, and each follows.
async function buildIndex(client: Client, name: string, definition: string): Promise<void> {
  const table = /^on (\w+)/.exec(definition)?.[1] ?? '';
  if (!(await isByMonth(client, table))) return await buildOne(client, name, definition);
  await createPatiently(client, `create index if not exists ${name} ${definition.replace(table, `only ${table}`)}`);
  for (const month of await listMonthsWithout(client, table, name)) {
    const ofMonth = `${month}_${name}`.slice(0, LONGEST_NAME);
    await buildOne(client, ofMonth, definition.replace(table, month));
    await client.query(`alter index ${name} attach partition ${ofMonth}`);
  }
}

const LONGEST_NAME = 63;

async function isByMonth(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ kind: string }>(
    `select relkind as kind from pg_class where oid = to_regclass('public.' || quote_ident($1))`,
    [table],
  );
  return rows[0]?.kind === 'p';
}

// Whoever writes waits behind a lock that is waited for: so it is asked for briefly, again and again.
async function createPatiently(client: Client, statement: string): Promise<void> {
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  for (let isDone = false; !isDone;) {
    try {
      await client.query(statement);
      isDone = true;
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      await delay(LOCK_TIMEOUT_MS);
    }
  }
  await client.query(`set lock_timeout = 0`);
}

const LOCK_TIMEOUT_MS = 500;

async function listMonthsWithout(client: Client, table: string, index: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select p.inhrelid::regclass::text as name from pg_inherits p where p.inhparent = to_regclass('public.' || quote_ident($1))
       and not exists (select from pg_index x join pg_inherits i on i.inhrelid = x.indexrelid
         where x.indrelid = p.inhrelid and i.inhparent = to_regclass('public.' || quote_ident($2)))
     order by 1`,
    [table, index],
  );
  return rows.map((row) => row.name);
}

async function buildOne(client: Client, name: string, definition: string): Promise<void> {
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indexrelid = to_regclass('public.' || quote_ident($1))`,
    [name],
  );
  if (rows[0]?.valid) return;
  // What a build that was broken off leaves behind costs every write and serves no reader.
  if (rows[0]) await client.query(`drop index concurrently ${name}`);
  await client.query(`create index concurrently ${name} ${definition}`);
}
