import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../../test/harness/collect.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { until } from '../../test/harness/until.ts';
import { backupDatabase } from './backup.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { makeMonths, monthlyId, monthOf, partitionOf } from './months.ts';
import { checkRelease } from './release-check/check.ts';
import { restoreDatabase } from './restore.ts';

const log = { info: () => {} };
const BEFORE = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name <= '0020-webhook-months'));
const OLD_CALLS = 400;
const INDEXES = ['pkey', 'by_time', 'by_outcome', 'by_status', 'by_direction', 'by_assistant', 'by_from', 'by_to'];
const LIKE_A_MONTH = 'ffffffff-1234-4abc-8abc-0123456789ab';
const tenants = [randomUUID(), randomUUID()];
const readers = [randomUUID(), randomUUID()];

let test: TestDatabase;
let owner: Client;
let endTraffic: () => Promise<unknown>;

beforeEach(async () => {
  endTraffic = async () => {};
  test = await createTestDatabase({ isEmpty: true, maxConnections: 16 });
  owner = new Client({ connectionString: test.url });
  await owner.connect();
  await migrate({ url: test.url, log, migrations: BEFORE });
  for (const [index, id] of tenants.entries()) {
    await owner.query(`insert into tenants (id, name) values ($1, 'Birch')`, [id]);
    await owner.query(`insert into users (id, email, password_hash) values ($1, $2, 'x')`, [
      readers[index],
      `${readers[index]}@example.com`,
    ]);
    await asOwnerOf(
      id,
      `insert into members (tenant_id, user_id, role) values ('${id}', '${readers[index]}', 'admin')`,
    );
  }
  await fill();
});

afterEach(async () => {
  await endTraffic();
  await owner.end();
  await test.drop();
});

describe('calls that are there when they are divided into months', () => {
  it('are kept with what belongs to them, and so is each one of the version before, which goes on', async () => {
    const files = await filesOf('calls');
    const traffic = startTraffic();
    endTraffic = traffic.end;
    await until('there is traffic', () => traffic.kept().length > 50);
    expect((await checkRelease(test.url)).problems).toEqual([]);
    await migrate({ url: test.url, log });
    const count = traffic.kept().length;
    await until('there is traffic after it', () => traffic.kept().length > count + 50);
    const kept = await traffic.end();

    // Not a row and not an index was written anew.
    expect(await filesOf('calls_before')).toEqual(files);
    const { calls, holes } = await look(test);
    const old = Array.from({ length: OLD_CALLS }, (_, n) => `old ${n + 1}`);
    expect(calls.map((call) => call.name).toSorted()).toEqual([...old, ...kept].toSorted());
    expect(new Set(calls.map((call) => call.place))).toEqual(new Set(['calls_before']));
    expect(calls.filter((call) => call.is_read)).toHaveLength(OLD_CALLS / 2 - 1);
    expect(holes).toEqual([]);
    expect(calls.map((call) => call.id)).not.toContain(LIKE_A_MONTH);
    await expectReference(test);
  });

  it('survive a backup and a restoration: from before there were months, and with them, by their months', async () => {
    const old = await save();
    await migrate({ url: test.url, log });
    const longAgo = monthOf(new Date()) - 14;
    await owner.query('begin');
    await makeMonths((text) => owner.query(text), 'calls', [longAgo]);
    await owner.query('commit');
    await asOwnerOf(tenants[0]!, addCall(0, 'of long ago', monthlyId(new Date(Date.UTC(1970, longAgo, 15)))));
    await asOwnerOf(tenants[0]!, addCall(0, 'of now', monthlyId(new Date())));
    for (const [file, more] of [
      [old, 0],
      [await save(), 2],
    ] as const) {
      const empty = await createTestDatabase({ isEmpty: true });
      await restoreDatabase(empty.url, Readable.from(file));
      const { calls, holes } = await look(empty);
      expect(calls).toHaveLength(OLD_CALLS + more);
      expect(holes).toEqual([]);
      const found = calls.find((call) => call.name === 'of long ago')?.place;
      expect(found).toBe(more === 0 ? undefined : partitionOf('calls', longAgo));
      await expectReference(empty);
      await empty.drop();
    }
  });
});

describe('a call that came before its month had a partition', () => {
  it('moves there with who has read it', async () => {
    await migrate({ url: test.url, log });
    const month = monthOf(new Date()) + 7;
    const id = monthlyId(new Date(Date.UTC(1970, month, 3)));
    await asOwnerOf(tenants[0]!, addCall(0, 'early', id));
    await asOwnerOf(tenants[0]!, readCall(0, id));
    const early = async () => (await look(test)).calls.find((call) => call.name === 'early');
    expect(await early()).toMatchObject({ place: 'calls_other', is_read: true });
    await owner.query('begin');
    await makeMonths((text) => owner.query(text), 'calls', [month]);
    await owner.query('commit');
    expect(await early()).toMatchObject({ place: partitionOf('calls', month), is_read: true });
    await expectReference(test);
  });
});

const addCall = (tenant: number, name: string, id: string) => `insert into calls
  (tenant_id, id, direction, status, outcome, customer_name, started_at)
  values ('${tenants[tenant]}', '${id}', 'inbound', 'ended', 'ai', '${name}', now())`;
const readCall = (tenant: number, id: string) => `insert into call_reads (tenant_id, user_id, call_id)
  values ('${tenants[tenant]}', '${readers[tenant]}', '${id}')`;

/** Every second one is read; one has an id that would be of a month. */
async function fill(): Promise<void> {
  for (const [index, tenant] of tenants.entries()) {
    await asOwnerOf(
      tenant,
      `insert into calls (tenant_id, id, direction, status, outcome, customer_name, started_at)
       select '${tenant}', case n when 8 then '${LIKE_A_MONTH}' else gen_random_uuid() end, 'inbound', 'ended', 'ai', 'old ' || n,
         now() - make_interval(hours => n) from generate_series(1, ${OLD_CALLS}) n where n % 2 = ${index}`,
    );
    await asOwnerOf(
      tenant,
      `insert into call_texts (tenant_id, call_id, messages, search) select tenant_id, id, '[]', '' from calls where tenant_id = '${tenant}'`,
    );
    await asOwnerOf(
      tenant,
      `insert into call_reads (tenant_id, user_id, call_id) select tenant_id, '${readers[index]}', id from calls
       where tenant_id = '${tenant}' and substr(customer_name, 5)::int % 4 in (0, 1)`,
    );
  }
}

/** The version before: it makes random ids, takes what it learns later into the row, and lists. */
function startTraffic() {
  const kept: string[] = [];
  let isOver = false;
  const working = [0, 1, 2].map(async (worker) => {
    for (let n = 0; !isOver; n += 1) {
      const [tenant, id, name] = [n % 2, randomUUID(), `during ${worker} ${n}`];
      const write = (status: string) =>
        test.database.lane('job').asTenant(tenants[tenant]!, async (trx) => {
          await sql`insert into calls (tenant_id, id, direction, status, customer_name, started_at)
            select ${tenants[tenant]}, ${id}::uuid, 'inbound', ${status}, ${name}, now()
            on conflict (tenant_id, id) do update set status = excluded.status`.execute(trx);
          await sql`insert into call_texts (tenant_id, call_id, messages, search) values (${tenants[tenant]}, ${id}, '[]', '')
            on conflict do nothing`.execute(trx);
        });
      for (const status of ['ringing', 'ended']) await again(() => write(status));
      await again(() => test.database.asTenant(tenants[tenant]!, (trx) => sql.raw(LIST).execute(trx)));
      kept.push(name);
    }
  });
  /** As a job does, and whoever asks for a list: what is refused is tried again. */
  async function again(work: () => Promise<unknown>): Promise<void> {
    for (let isDone = false; !isDone && !isOver;)
      isDone = await work().then(
        () => true,
        () => false,
      );
  }
  return {
    kept: () => kept,
    async end() {
      const all = kept;
      isOver = true;
      await Promise.all(working);
      return all;
    },
  };
}

const LIST = `select *, (select true from call_reads r where r.call_id = calls.id limit 1) as is_read
  from calls order by started_at desc, id desc limit 51`;

type Row = { id: string; name: string; place: string; is_read: boolean };

/** As each tenant sees it, for the owner may be bound by row-level security too. */
async function look(of: TestDatabase): Promise<{ calls: Row[]; holes: unknown[] }> {
  const calls: Row[] = [];
  const holes: unknown[] = [];
  for (const tenant of tenants) {
    await of.database.asTenant(tenant, async (trx) => {
      const all = await sql<Row>`select id, customer_name as name, tableoid::regclass::text as place,
        exists (select from call_reads r where r.call_id = calls.id) as is_read from calls`.execute(trx);
      calls.push(...all.rows);
      const wrong = await sql`select 'no text', name from (select customer_name as name from calls c
          where not exists (select from call_texts t where t.call_id = c.id) and customer_name like 'old %') a
        union all select 'no call', t.call_id::text from call_texts t where not exists (select from calls c where c.id = t.call_id)
        union all select 'read for nothing', r.call_id::text from call_reads r
          where not exists (select from calls c where c.id = r.call_id)`.execute(trx);
      holes.push(...wrong.rows);
    });
  }
  return { calls, holes };
}

/** Nobody can have read a call that is not there, and with a call goes who has read it. */
async function expectReference(of: TestDatabase): Promise<void> {
  await of.database.asTenant(tenants[1]!, async (trx) => {
    const asked = sql<{ reads: number }>`select count(*)::int as reads from call_reads`;
    const before = (await asked.execute(trx)).rows[0]!.reads;
    const gone = await sql`delete from calls where id = (select call_id from call_reads limit 1)`.execute(trx);
    expect(gone.numAffectedRows).toBe(1n);
    expect((await asked.execute(trx)).rows[0]!.reads).toBe(before - 1);
  });
  const unknown = of.database.asTenant(tenants[1]!, (trx) => sql.raw(readCall(1, randomUUID())).execute(trx));
  await expect(unknown).rejects.toThrow('call_reads_tenant_id_call_id_fkey');
  const client = new Client({ connectionString: of.url });
  await client.connect();
  const { rows } = await client.query(`select convalidated as proven from pg_constraint
    where conname = 'call_reads_tenant_id_call_id_fkey'`);
  await client.end();
  expect(rows).toEqual([{ proven: true }]);
}

async function filesOf(table: string): Promise<unknown[]> {
  const { rows } = await owner.query(
    `select pg_relation_filenode(to_regclass(name)) as file from unnest($1::text[]) with ordinality as n(name, place) order by place`,
    [[table, ...INDEXES.map((index) => `${table}_${index}`)]],
  );
  return rows;
}

async function asOwnerOf(tenant: string, text: string): Promise<void> {
  await owner.query('begin');
  await owner.query(`select set_config('app.tenant', $1, true)`, [tenant]);
  await owner.query(text);
  await owner.query('commit');
}

const save = () => collect((out) => backupDatabase(test.url, out));
