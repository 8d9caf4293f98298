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
import { makeMonths, monthOf, partitionOf } from './months.ts';
import { checkRelease } from './release-check/check.ts';
import { restoreDatabase } from './restore.ts';

const log = { info: () => {} };
const BEFORE = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name <= '0016-text-messages'));
const tenants = [randomUUID(), randomUUID()];

let test: TestDatabase;
let owner: Client;
let refused: string[];
let endTraffic: () => Promise<unknown>;

beforeEach(async () => {
  refused = [];
  endTraffic = async () => {};
  test = await createTestDatabase({ isEmpty: true, maxConnections: 16 });
  owner = new Client({ connectionString: test.url });
  await owner.connect();
  await migrate({ url: test.url, log, migrations: BEFORE });
  for (const id of tenants) await owner.query(`insert into tenants (id, name) values ($1, 'Birch')`, [id]);
});

afterEach(async () => {
  await endTraffic();
  await owner.end();
  await test.drop();
});

describe('a ledger that is full when it is divided into months', () => {
  it('keeps each message that was acknowledged, before, meanwhile and after, once; and every repeat is known', async () => {
    await fill();
    const files = await filesOf('webhook_events', ['pkey', 'by_time', 'by_correlation', 'due']);
    const traffic = startTraffic();
    endTraffic = traffic.end;
    await until('there is traffic', () => traffic.acknowledged().length > 50);
    expect((await checkRelease(test.url)).problems).toEqual([]);
    const applied = await migrate({ url: test.url, log });
    const count = traffic.acknowledged().length;
    await until('there is traffic after it', () => traffic.acknowledged().length > count + 50);
    const acknowledged = await traffic.end();
    expect(applied).toEqual(expect.arrayContaining(['0017-webhook-keys', '0020-webhook-months']));

    // Not a row and not an index was written anew.
    expect(await filesOf('webhook_events_before', ['pkey', 'by_time', 'by_correlation', 'due'])).toEqual(files);
    const all = await ledger();
    const keys = all.map((row) => row.key);
    const wanted = [...acknowledged, ...Array.from({ length: 300 }, (_, n) => `old ${n + 1}`)].toSorted();
    expect(keys.toSorted()).toEqual(wanted);
    await expectWhole();
    for (const tenant of tenants) expect(await keep(tenant, keys)).toEqual([]);
    expect((await ledger()).map(({ key, repeats }) => ({ key, repeats: repeats - 1 }))).toEqual(
      all.map(({ key, repeats }) => ({ key, repeats })),
    );
    expect(new Set(all.map((row) => row.place))).toEqual(
      new Set(['webhook_events_before', partitionOf('webhook_events', monthNow())]),
    );
  });

  it('survives a backup and a restoration: from before there were months, and with them, by their months', async () => {
    await fill();
    const old = await save();
    await migrate({ url: test.url, log });
    await keep(tenants[0]!, ['new 1', 'new 2']);
    // A month of long ago, which a new database has no partition for.
    await owner.query('begin');
    await bySight(`update webhook_events set id = monthly_id(now() - interval '14 months') where dedupe_key = 'new 1'`);
    await bySight(
      `update webhook_keys k set event_id = e.id from webhook_events e where e.dedupe_key = 'new 1' and k.key = message_key('new 1')`,
    );
    await bySight(`update webhook_due d set event_id = e.id from webhook_events e
      where e.dedupe_key = 'new 1' and not exists (select from webhook_events o where o.id = d.event_id)`);
    await makeMonths((text) => owner.query(text), 'webhook_events', [monthNow() - 14]);
    await owner.query('commit');
    for (const [file, rows] of [
      [old, 300],
      [await save(), 302],
    ] as const) {
      const empty = await createTestDatabase({ isEmpty: true });
      await restoreDatabase(empty.url, Readable.from(file));
      const restored = await read(empty);
      expect(restored.ledger).toHaveLength(rows);
      expect(restored.holes).toEqual([]);
      expect(restored.ledger.find((row) => row.key === 'new 1')?.place).toBe(
        rows === 300 ? undefined : partitionOf('webhook_events', monthNow() - 14),
      );
      const again =
        await sql<object>`select keep_webhooks(${given(tenants[0]!, ['old 2', 'old 4', 'new 1'])}::jsonb)`.execute(
          empty.database.system,
        );
      expect(again.rows).toHaveLength(rows === 300 ? 1 : 0);
      await empty.drop();
    }
  });
});

const monthNow = () => monthOf(new Date());

/** 300 messages of both tenants in every state; one has an id that would be of a month. */
async function fill(): Promise<void> {
  for (const [index, tenant] of tenants.entries()) {
    await owner.query(`select set_config('app.tenant', $1, false)`, [tenant]);
    await owner.query(
      `insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, correlation_id, state, repeats)
       select $1, case n when 8 then 'ffffffff-1234-4abc-8abc-0123456789ab'::uuid else gen_random_uuid() end,
         'vapi', 'status-update', 'old ' || n, '{}', 'c', (array['pending', 'processed', 'dead'])[1 + n % 3], n % 2
       from generate_series(1, 300) n where n % 2 = $2`,
      [tenant, index],
    );
  }
  await owner.query(`select set_config('app.tenant', '', false)`);
}

const yes = () => true;
// As the group commit does, it is tried again.
const no = (error: unknown) => {
  refused.push(String(error));
  return false;
};

/** The version before: webhooks are kept, again and again until it is acknowledged, claimed and marked. */
function startTraffic() {
  const acknowledged: string[] = [];
  let isOver = false;
  const keeping = [0, 1, 2].map(async (writer) => {
    for (let n = 0; !isOver; n += 1) {
      const key = `during ${writer} ${n}`;
      let isKept = false;
      while (!isKept && !isOver) isKept = await keep(tenants[n % 2]!, [key]).then(yes, no);
      if (isKept) acknowledged.push(key);
    }
  });
  const working = tenants.map(async (tenant) => {
    while (!isOver) {
      await test.database
        .lane('job')
        .asTenant(tenant, async (trx) => {
          const { rows } = await sql<{
            id: string;
          }>`select id from webhook_events where state = 'pending' and due_at <= now()
            order by due_at limit 5 for update skip locked`.execute(trx);
          if (rows.length > 0)
            await sql`update webhook_events set state = 'processed', processed_at = now()
              where id in (${sql.join(rows.map((row) => row.id))})`.execute(trx);
        })
        .catch(no);
    }
  });
  return {
    acknowledged: () => acknowledged,
    async end() {
      isOver = true;
      await Promise.all([...keeping, ...working]);
      return acknowledged;
    },
  };
}

function given(tenant: string, keys: string[]): string {
  return JSON.stringify(
    keys.map((key) => ({
      ...{ tenant_id: tenant, id: randomUUID(), vendor: 'vapi', type: 'status-update', dedupe_key: key, kept: {} },
      ...{ vapi_call_id: null, twilio_call_sid: null, correlation_id: 'c', received_at: new Date() },
    })),
  );
}

async function keep(tenant: string, keys: string[]): Promise<string[]> {
  const own = keys.filter((key) => tenantOf(key) === tenant || tenantOf(key) === undefined);
  const { rows } = await sql<{ kept: string }>`select keep_webhooks(${given(tenant, own)}::jsonb) as kept`.execute(
    test.database.lane('webhook').system,
  );
  return rows.map((row) => row.kept);
}

function tenantOf(key: string): string | undefined {
  const [kind, ...numbers] = key.split(' ');
  return kind === 'new' ? undefined : tenants[Number(numbers.at(-1)) % 2];
}

type Row = { key: string; repeats: number; state: string; place: string };

async function ledger(): Promise<Row[]> {
  return (await read(test)).ledger;
}

async function expectWhole(): Promise<void> {
  expect((await read(test)).holes).toEqual([]);
}

/** As each tenant sees it, for the owner may be bound by row-level security too. */
async function read(of: TestDatabase): Promise<{ ledger: Row[]; holes: unknown[] }> {
  const found: Row[] = [];
  const holes: unknown[] = [];
  for (const tenant of tenants) {
    await of.database.asTenant(tenant, async (trx) => {
      const all = await sql<Row>`select dedupe_key as key, repeats, state, tableoid::regclass::text as place
        from webhook_events`.execute(trx);
      found.push(...all.rows);
      const wrong = await sql`
        select 'no key', e.dedupe_key from webhook_events e where not exists (select from webhook_keys k
          where k.tenant_id = e.tenant_id and k.key = message_key(e.dedupe_key) and k.event_id = e.id)
        union all select 'no message', k.key::text from webhook_keys k where not exists (select from webhook_events e
          where e.tenant_id = k.tenant_id and e.id = k.event_id)
        union all select 'not queued', e.dedupe_key from webhook_events e where e.state <> 'processed' and not exists
          (select from webhook_due d where d.event_id = e.id and d.due_at = case e.state when 'dead' then 'infinity' else e.due_at end)
        union all select 'queued for nothing', d.event_id::text from webhook_due d where not exists
          (select from webhook_events e where e.id = d.event_id and e.state <> 'processed')`.execute(trx);
      holes.push(...wrong.rows);
    });
  }
  return { ledger: found.toSorted((a, b) => (a.key < b.key ? -1 : 1)), holes };
}

async function filesOf(table: string, indexes: string[]): Promise<unknown[]> {
  const { rows } = await owner.query(
    `select pg_relation_filenode(to_regclass(name)) as file from unnest($1::text[]) with ordinality as n(name, place) order by place`,
    [[table, ...indexes.map((index) => `${table}_${index}`)]],
  );
  return rows;
}

/** As the tenant whose message it is. */
async function bySight(text: string): Promise<void> {
  await owner.query(`select set_config('app.tenant', $1, true)`, [tenants[0]]);
  await owner.query(text);
}

const save = () => collect((out) => backupDatabase(test.url, out));
