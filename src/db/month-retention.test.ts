import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { until } from '../../test/harness/until.ts';
import { dropOldMonths } from './month-retention.ts';
import { keepMonthsAhead } from './month-upkeep.ts';
import { listMonths, makeMonths, monthOf, partitionOf } from './months.ts';

const tenant = randomUUID();
const nameOf = (monthsAgo: number) => partitionOf('webhook_events', monthOf(new Date()) - monthsAgo);
let test: TestDatabase;
let owner: Client;

/** Months of six, five, four and three months ago. More than one step of keys is in the oldest. */
beforeEach(async () => {
  test = await createTestDatabase({ maxConnections: 4 });
  owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(`insert into tenants (id, name) values ($1, 'Birch')`, [tenant]);
  await owner.query('begin');
  const now = monthOf(new Date());
  await makeMonths((text) => owner.query(text), 'webhook_events', [now - 6, now - 5, now - 4, now - 3]);
  await owner.query('commit');
  await fill(6, 10_050);
  for (const monthsAgo of [5, 4, 3]) await fill(monthsAgo, 5);
});

afterEach(async () => {
  await owner.end();
  await test.drop();
});

async function fill(monthsAgo: number, webhooks: number): Promise<void> {
  await owner.query(
    `with kept as (
       insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, correlation_id, state)
       select $1, monthly_id(date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - make_interval(months => $2::int) + interval '1 day'),
         'vapi', 'status-update', $2 || ' ' || n, '{}', 'c', 'processed' from generate_series(1, $3::int) n
       returning tenant_id, id, dedupe_key)
     insert into webhook_keys (tenant_id, key, event_id) select tenant_id, message_key(dedupe_key), id from kept`,
    [tenant, monthsAgo, webhooks],
  );
}

async function setState(key: string, state: string): Promise<void> {
  await owner.query(`update webhook_events set state = $2 where dedupe_key = $1`, [key, state]);
}

const isThere = async (monthsAgo: number) =>
  (await owner.query('select to_regclass($1) as name', [nameOf(monthsAgo)])).rows[0].name !== null;

async function countKeys(): Promise<number> {
  return (await owner.query<{ n: number }>('select count(*)::int as n from webhook_keys')).rows[0]!.n;
}

/** Whether it is stored as something new. */
async function isNews(key: string): Promise<boolean> {
  const message = { tenant_id: tenant, vendor: 'vapi', type: 'status-update', dedupe_key: key, kept: {} };
  const given = JSON.stringify([{ ...message, correlation_id: 'c', received_at: new Date() }]);
  const { rows } = await sql`select keep_webhooks(${given}::jsonb)`.execute(test.database.system);
  return rows.length === 1;
}

describe('the oldest months of the ledger', () => {
  it('go as a whole, with what their repeats are known by, and the others stay as they were', async () => {
    expect(await dropOldMonths(owner, 4)).toEqual({ dropped: [nameOf(6), nameOf(5)], kept: [] });
    expect([await isThere(6), await isThere(5), await isThere(4), await isThere(3)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(await countKeys()).toBe(10);
    expect([await isNews('4 1'), await isNews('3 1'), await isNews('5 1')]).toEqual([false, false, true]);
    expect(await dropOldMonths(owner, 4)).toEqual({ dropped: [], kept: [] });
  });

  it('stay while a webhook in them is not processed or given up, and so does what its repeats are known by', async () => {
    await setState('6 10000', 'pending');
    await setState('5 3', 'dead');
    expect(await dropOldMonths(owner, 3)).toEqual({ dropped: [nameOf(4)], kept: [nameOf(6), nameOf(5)] });
    expect(await countKeys()).toBe(10_050 + 5 + 5);
    await setState('6 10000', 'processed');
    expect(await dropOldMonths(owner, 3)).toEqual({ dropped: [nameOf(6)], kept: [nameOf(5)] });
  });

  it('go also where the owner of the tables is bound by row-level security, as at most providers', async () => {
    const role = `plain_${randomUUID().slice(0, 8)}`;
    await owner.query(`create role ${role} nologin noinherit; grant ava_directory to ${role}`);
    for (const name of ['webhook_events', nameOf(6), 'tenants'])
      await owner.query(`alter table ${name} owner to ${role}`);
    await owner.query(`grant usage, create on schema public to ${role}`);
    await owner.query(`set session authorization ${role}`);
    const done = await dropOldMonths(owner, 5);
    await owner.query('reset session authorization');
    expect(done).toEqual({ dropped: [nameOf(6)], kept: [] });
    expect(await countKeys()).toBe(15);
    for (const name of ['webhook_events', 'tenants']) await owner.query(`alter table ${name} owner to current_user`);
    await owner.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('go daily where the installation says how many stay, and never where it does not', async () => {
    const clock = createHandClock();
    const said: object[] = [];
    const note = (fields: object) => void said.push(fields);
    const options = { url: test.url, clock, log: { info: note, warn: note } };
    const ends = [keepMonthsAhead(options)];
    await owner.query(`drop table ${partitionOf('webhook_events', monthOf(new Date()) + 2)}`);
    clock.advance(60_000);
    await until('the month ahead is made', () => said.length === 1);
    expect(await isThere(6)).toBe(true);
    await setState('5 3', 'pending');
    ends.push(keepMonthsAhead({ ...options, ledgerMonthsKept: 4 }));
    clock.advance(60_000);
    await until('the old ones are gone', () => said.length === 3);
    for (const end of ends) end();
    expect(said.slice(1)).toEqual([{ dropped: [nameOf(6)] }, { kept: [nameOf(5)] }]);
    expect(await listMonths((text) => owner.query(text), 'webhook_events')).toHaveLength(3 + 4);
  });
});
