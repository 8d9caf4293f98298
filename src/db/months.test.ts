import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { until } from '../../test/harness/until.ts';
import { countMonthsMissing, keepMonthsAhead, makeAllMonthsAhead } from './month-upkeep.ts';
import { FIRST_MONTHLY_ID, listMonths, lowestIdOf, makeMonths, monthOf, partitionOf } from './months.ts';

const tenant = randomUUID();
let test: TestDatabase;
let owner: Client;
const run = (text: string) => owner.query(text);
const thisMonth = () => monthOf(new Date());

beforeEach(async () => {
  test = await createTestDatabase({ maxConnections: 4 });
  owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(`insert into tenants (id, name) values ($1, 'Birch')`, [tenant]);
});

afterEach(async () => {
  await owner.end();
  await test.drop();
});

describe('the month in an id', () => {
  it.each([
    ['2026-11-30T23:59:59.999Z', '2026_11'],
    ['2026-12-01T00:00:00.000Z', '2026_12'],
    ['2026-12-31T23:59:59.999999Z', '2026_12'],
    ['2027-01-01T00:00:00Z', '2027_01'],
    ['2028-02-29T12:00:00Z', '2028_02'],
  ])('is that of %s in UTC, wherever the database stands', async (moment, name) => {
    await owner.query(`set timezone = 'Pacific/Auckland'`);
    const { rows } = await owner.query<{ id: string }>('select monthly_id($1::timestamptz) as id', [moment]);
    const month = monthOf(new Date(moment));
    const { id } = rows[0]!;
    expect(partitionOf('calls', month)).toBe(`calls_${name}`);
    expect(id >= lowestIdOf(month) && id < lowestIdOf(month + 1)).toBe(true);
    expect(id >= FIRST_MONTHLY_ID).toBe(true);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('leads to the partition of that month, and an id of another kind to the one from before there were months', async () => {
    for (const id of ['monthly_id()', 'gen_random_uuid()', `monthly_id(now() - interval '5 years')`]) await add(id);
    expect(await places()).toEqual(
      ['webhook_events_before', partitionOf('webhook_events', thisMonth()), 'webhook_events_other'].sort(),
    );
  });
});

describe('the partitions of the months to come', () => {
  it('are there for three months, and made again daily where one is missing, by one of many that look at once', async () => {
    const ahead = Array.from({ length: 4 }, (_, index) => thisMonth() + index);
    expect(await listMonths(run, 'webhook_events')).toEqual(ahead);
    await owner.query(
      `drop table ${partitionOf('webhook_events', ahead[1]!)}, ${partitionOf('webhook_events', ahead[3]!)}`,
    );
    expect(await countMonthsMissing(test.database.system)).toBe(1);
    const clock = createHandClock();
    const said: object[] = [];
    const note = (fields: object) => void said.push(fields);
    const log = { info: note, warn: note };
    const ends = [1, 2, 3].map(() => keepMonthsAhead({ url: test.url, clock, log }));
    clock.advance(60_000);
    await until('they are there', async () => (await countMonthsMissing(test.database.system)) === 0);
    for (const end of ends) end();
    expect(await listMonths(run, 'webhook_events')).toEqual(ahead);
    expect(said).toEqual([{ made: [ahead[1]!, ahead[3]!].map((month) => partitionOf('webhook_events', month)) }]);
    expect(await makeAllMonthsAhead(owner)).toEqual([]);
  });

  it('take over what came into the partition for the rest meanwhile', async () => {
    const month = thisMonth() + 7;
    await owner.query(`set timezone = 'UTC'`);
    const id = await add(`monthly_id(date_trunc('month', now()) + interval '7 months')`);
    const other = await add(`monthly_id(date_trunc('month', now()) + interval '9 months')`);
    expect(await placeOf(id)).toBe('webhook_events_other');
    await owner.query('begin');
    await makeMonths(run, 'webhook_events', [month]);
    await owner.query('commit');
    expect(await placeOf(id)).toBe(partitionOf('webhook_events', month));
    expect(await placeOf(other)).toBe('webhook_events_other');
  });
});

describe('a partition that is named directly', () => {
  it('is closed to the role that serves, and shows the own tenant alone to whoever is given a right on it', async () => {
    await add('monthly_id()');
    const names = (await listPartitions()).sort();
    expect(names).toContain('webhook_events_before');
    for (const name of names) {
      const asked = test.database.asTenant(tenant, (trx) => sql.raw(`select from ${name}`).execute(trx));
      await expect(asked, name).rejects.toThrow('permission denied');
      await owner.query(`grant select, insert on ${name} to ava_app`);
    }
    const own = partitionOf('webhook_events', thisMonth());
    const seenBy = async (who: string) =>
      (await test.database.asTenant(who, (trx) => sql.raw(`select id from ${own}`).execute(trx))).rows.length;
    expect([await seenBy(tenant), await seenBy(randomUUID())]).toEqual([1, 0]);
    const { rows } = await owner.query<{ open: string }>(
      `select relname as open from pg_class where relname = any($1) and not (relrowsecurity and relforcerowsecurity)`,
      [names],
    );
    expect(rows).toEqual([]);
  });
});

async function add(id: string): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, correlation_id, state)
     values ($1, ${id}, 'vapi', 'status-update', gen_random_uuid()::text, '{}', 'c', 'processed') returning id`,
    [tenant],
  );
  return rows[0]!.id;
}

async function places(): Promise<string[]> {
  const { rows } = await owner.query<{ place: string }>('select tableoid::regclass::text as place from webhook_events');
  return rows.map((row) => row.place).sort();
}

async function placeOf(id: string): Promise<string | undefined> {
  const { rows } = await owner.query<{ place: string }>(
    'select tableoid::regclass::text as place from webhook_events where id = $1',
    [id],
  );
  return rows[0]?.place;
}

async function listPartitions(): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'webhook_events'::regclass`,
  );
  return rows.map((row) => row.name);
}
