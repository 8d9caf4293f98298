/** Indexes of tables that may be large: built beside those who read and write, for as long as it takes. */
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

async function buildIndex(client: Client, name: string, definition: string): Promise<void> {
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indexrelid = to_regclass('public.' || quote_ident($1))`,
    [name],
  );
  if (rows[0]?.valid) return;
  // What a build that was broken off leaves behind costs every write and serves no reader.
  if (rows[0]) await client.query(`drop index concurrently ${name}`);
  await client.query(`create index concurrently ${name} ${definition}`);
}
