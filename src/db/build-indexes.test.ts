import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { until } from '../../test/harness/until.ts';
import { buildIndexes } from './build-indexes.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migrations } from './migrations/released.ts';
import { checkRelease } from './release-check/check.ts';

const NAME = 'events_by_name';
const DEFINITION = 'on call_events (tenant_id, name)';
const migrations: Migrations = {
  ...MIGRATIONS,
  '9001': {
    indexes: { [NAME]: DEFINITION },
    up: async (db) => void (await sql.raw(`create index if not exists ${NAME} ${DEFINITION}`).execute(db)),
  },
};
const silent = { info: () => {} };
const WAITING = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '% index concurrently %'`;

let database: TestDatabase;
let owner: Client;
let writer: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  [owner, writer] = [0, 1].map(() => new Client({ connectionString: database.url })) as [Client, Client];
  await Promise.all([owner.connect(), writer.connect()]);
  await owner.query('alter table call_events disable trigger all');
  await note(owner, 120_000);
  await owner.query('analyze call_events');
});

afterAll(async () => {
  await Promise.all([owner.end(), writer.end()]);
  await database.drop();
});

async function note(client: Client, events: number): Promise<void> {
  await client.query(
    `insert into call_events (tenant_id, call_id, key, at, source, name, facts)
     select gen_random_uuid(), gen_random_uuid(), n::text, now(), 'ava', 'rang', '{}' from generate_series(1, $1::int) n`,
    [events],
  );
}

it('lets a release with an index of a large table through, for it is built beside everybody', async () => {
  expect(await checkRelease(database.url, migrations)).toMatchObject({ fits: true, pending: ['9001'] });
});

it('builds it while others write, and makes one anew that was broken off', async () => {
  await owner.query(`create index ${NAME} ${DEFINITION}`);
  await owner.query(`update pg_index set indisvalid = false where indexrelid = '${NAME}'::regclass`);
  await owner.query('begin');
  await note(owner, 1);
  const migrating = migrate({ url: database.url, log: silent, migrations });
  await until('the index waits for who had begun', async () => (await writer.query(WAITING)).rowCount === 1);
  await writer.query(`set lock_timeout = '5s'`);
  await note(writer, 1);
  await owner.query('commit');
  expect(await migrating).toEqual(['9001']);
  const { rows } = await writer.query('select indisvalid as valid from pg_index where indexrelid = $1::regclass', [
    NAME,
  ]);
  expect(rows).toEqual([{ valid: true }]);
});

it('builds one of a table by month too, month by month, while others write, and goes on where it was broken off', async () => {
  const [name, definition] = ['events_by_attempts', 'on webhook_events (tenant_id, attempts)'];
  const partOf = (month: string) => `${month}_${name}`;
  await owner.query(`create index ${partOf('webhook_events_before')} on webhook_events_before (tenant_id, attempts)`);
  await owner.query(
    `update pg_index set indisvalid = false where indexrelid = '${partOf('webhook_events_before')}'::regclass`,
  );
  await owner.query('begin');
  await owner.query(`lock table webhook_events in row exclusive mode`);
  const building = buildIndexes(database.url, { [name]: definition });
  await until('it waits for who had begun', async () => (await writer.query(WAITING_FOR_TABLE)).rowCount === 1);
  await writer.query(`set lock_timeout = '5s'`);
  await writer.query(`delete from webhook_events`);
  await owner.query('commit');
  await building;
  expect(await isWhole(name)).toBe(true);
  await buildIndexes(database.url, { [name]: definition });
  expect(await isWhole(name)).toBe(true);
});

const WAITING_FOR_TABLE = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'create index %'`;

/** Whether the index is there for each month, once. */
async function isWhole(name: string): Promise<boolean> {
  const { rows } = await writer.query<{ valid: boolean; months: number; indexed: number }>(
    `select (select indisvalid from pg_index where indexrelid = to_regclass($1)) as valid,
       count(*)::int as months,
       (select count(*)::int from pg_index where indrelid in (select inhrelid from pg_inherits
         where inhparent = 'webhook_events'::regclass) and indisvalid and pg_get_indexdef(indexrelid) like '%(tenant_id, attempts)') as indexed
     from pg_inherits where inhparent = 'webhook_events'::regclass`,
    [name],
  );
  const [found] = rows;
  return found?.valid === true && found.months === found.indexed;
}
