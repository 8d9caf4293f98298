import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { until } from '../../../test/harness/until.ts';
import type { IncomingEvent } from './event.ts';
import {
  countLedger,
  keepAll,
  listDue,
  listLedger,
  lockPending,
  makeDue,
  markFailed,
  markProcessed,
  tenantsWithDue,
} from './store.ts';

const tenantId = randomUUID();
const soon = () => new Date(Date.now() + 60_000);
let test: TestDatabase;
let owner: Client;
let watcher: Client;

beforeEach(async () => {
  test = await createTestDatabase({ maxConnections: 24 });
  owner = new Client({ connectionString: test.url });
  watcher = new Client({ connectionString: test.url });
  await Promise.all([owner.connect(), watcher.connect()]);
  await owner.query(`insert into tenants (id, name) values ($1, 'Birch')`, [tenantId]);
});

afterEach(async () => {
  await Promise.all([owner.end(), watcher.end()]);
  await test.drop();
});

const lane = () => test.database.lane('webhook');

function message(dedupeKey: string, of = tenantId): IncomingEvent {
  return {
    ...{ tenantId: of, vendor: 'vapi', type: 'status-update', dedupeKey, kept: { message: { status: 'ended' } } },
    ...{ vapiCallId: randomUUID(), twilioCallSid: null, correlationId: 'c', receivedAt: new Date() },
  } as IncomingEvent;
}

type Row = { key: string; state: string; repeats: number; id: string };
async function ledger(): Promise<Row[]> {
  return (
    await owner.query<Row>('select dedupe_key as key, state, repeats, id from webhook_events order by dedupe_key, id')
  ).rows;
}

const queue = async () => (await owner.query<{ event_id: string }>('select event_id from webhook_due')).rows.length;
/** As many keys as messages, one for each; and in the queue what is not processed, and nothing else. */
async function expectWhole(): Promise<void> {
  const { rows } = await owner.query(`
    select 'no key' as wrong from webhook_events e where not exists (select from webhook_keys k
      where k.tenant_id = e.tenant_id and k.key = message_key(e.dedupe_key) and k.event_id = e.id)
    union all select 'no message' from webhook_keys k where not exists (select from webhook_events e
      where e.tenant_id = k.tenant_id and e.id = k.event_id)
    union all select 'not queued' from webhook_events e where e.state <> 'processed' and not exists (select from webhook_due d
      where d.tenant_id = e.tenant_id and d.event_id = e.id
        and d.due_at = case e.state when 'dead' then 'infinity' else e.due_at end)
    union all select 'queued for nothing' from webhook_due d where not exists (select from webhook_events e
      where e.tenant_id = d.tenant_id and e.id = d.event_id and e.state <> 'processed')`);
  expect(rows).toEqual([]);
}

describe('a message that is delivered twice', () => {
  it('waits for the first at the key when both come at the same moment, stores nothing, and is counted', async () => {
    const [first, second] = [message('one'), message('one')];
    const done: string[][] = [];
    const given = (event: IncomingEvent) =>
      JSON.stringify([
        {
          tenant_id: tenantId,
          vendor: 'vapi',
          type: 't',
          dedupe_key: event.dedupeKey,
          kept: {},
          correlation_id: 'c',
          received_at: new Date(),
        },
      ]);
    await owner.query('begin');
    expect((await owner.query('select keep_webhooks($1::jsonb)', [given(first)])).rowCount).toBe(1);
    const waiting = keepAll(lane(), [second]).then((tenants) => done.push(tenants));
    await until('the second waits', async () => (await waitingForLocks()) === 1);
    await owner.query('commit');
    await waiting;
    expect(done).toEqual([[]]);
    expect(await ledger()).toMatchObject([{ key: 'one', repeats: 1 }]);
    await expectWhole();
  });

  it('is stored by the second when the first one was not kept after all', async () => {
    await owner.query('begin');
    await owner.query('select keep_webhooks($1::jsonb)', [
      JSON.stringify([
        {
          tenant_id: tenantId,
          vendor: 'vapi',
          type: 't',
          dedupe_key: 'one',
          kept: {},
          correlation_id: 'c',
          received_at: new Date(),
        },
      ]),
    ]);
    const waiting = keepAll(lane(), [message('one')]);
    await until('the second waits', async () => (await waitingForLocks()) === 1);
    await owner.query('rollback');
    expect(await waiting).toEqual([tenantId]);
    expect(await ledger()).toMatchObject([{ key: 'one', repeats: 0, state: 'pending' }]);
    await expectWhole();
  });

  it('is in the ledger once, with each repeat counted, when many bring the same in any order', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`);
    const shuffled = () => keys.toSorted(() => Math.random() - 0.5).map((key) => message(key));
    const ROUNDS = 24;
    await Promise.all(Array.from({ length: ROUNDS }, () => keepAll(lane(), shuffled())));
    const rows = await ledger();
    expect(rows.map((row) => row.key)).toEqual(keys.toSorted());
    expect(rows.reduce((sum, row) => sum + row.repeats, 0)).toBe(keys.length * (ROUNDS - 1));
    await expectWhole();
  });

  it('stays known when it comes again in another month, and after it was processed', async () => {
    await keepAll(lane(), [message('one'), message('two')]);
    // As if they had come five months ago; there is no such partition any more but the one for the rest.
    await owner.query(`with moved as (update webhook_events set id = monthly_id(now() - interval '5 months') returning *)
      update webhook_keys k set event_id = m.id from moved m where k.key = message_key(m.dedupe_key)`);
    await owner.query('truncate webhook_due');
    await owner.query(`insert into webhook_due select tenant_id, due_at, id from webhook_events`);
    const ids = (await ledger()).map((row) => row.id);
    await test.database.asTenant(tenantId, (trx) => markProcessed(trx, ids.slice(0, 1), new Date()));
    expect(await keepAll(lane(), [message('one'), message('two'), message('three')])).toEqual([tenantId]);
    expect(await ledger()).toMatchObject([
      { key: 'one', repeats: 1, state: 'processed' },
      { key: 'three', repeats: 0 },
      { key: 'two', repeats: 1, state: 'pending' },
    ]);
    await expectWhole();
  });

  it('is another one of another tenant; and nothing is kept for a tenant that is gone', async () => {
    const other = randomUUID();
    await owner.query(`insert into tenants (id, name) values ($1, 'Oak')`, [other]);
    const kept = await keepAll(lane(), [message('one'), message('one', other), message('one', randomUUID())]);
    expect(kept.toSorted()).toEqual([tenantId, other].toSorted());
    expect(await ledger()).toMatchObject([{ repeats: 0 }, { repeats: 0 }]);
  });
});

/** What the version before this one says to the database. */
const CLAIM_BEFORE = `select * from webhook_events where state = 'pending' and due_at <= now() + interval '1 minute'
  order by due_at limit 200 for update skip locked`;

describe('the queue follows the ledger', () => {
  it('through every state, as this version changes it', async () => {
    await keepAll(lane(), [message('one'), message('two'), message('three')]);
    await expectWhole();
    const [one, three, two] = (await ledger()).map((row) => row.id);
    await asTenant((trx) => markProcessed(trx, [one!], new Date()));
    await asTenant((trx) =>
      markFailed(trx, two!, { problem: 'no', dueAt: new Date(Date.now() + 5_000), isDead: false }),
    );
    await asTenant((trx) => markFailed(trx, three!, { problem: 'no', dueAt: new Date(), isDead: true }));
    await expectWhole();
    expect(await countLedger(test.database)).toEqual({ pending: 1, dead: 1, quarantined: 0 });
    expect(await tenantsWithDue(lane(), new Date())).toEqual([]);
    expect(await asTenant((trx) => listDue(trx, { now: soon(), most: 9 }))).toEqual([two]);
    const pages = await Promise.all(
      (['pending', 'dead', 'processed'] as const).map((state) => listLedger(test.database, { state, most: 9 })),
    );
    expect(pages.map((page) => page.map((event) => event.id))).toEqual([[two], [three], [one]]);
    expect((await listLedger(test.database, { id: three!, most: 1 })).map((event) => event.state)).toEqual(['dead']);
    await makeDue(test.database, tenantId, three!, new Date());
    await makeDue(test.database, tenantId, one!, new Date());
    await expectWhole();
    expect(await queue()).toBe(3);
    expect(await keepAll(lane(), [message('three')])).toEqual([]);
    await expectWhole();
  });

  it('as the version before changes it, which knows no queue and finds what this one has kept', async () => {
    await keepAll(lane(), [message('one'), message('two')]);
    await asTenant(async (trx) => {
      const { rows } = await sql.raw<{ id: string }>(CLAIM_BEFORE).execute(trx);
      expect(rows).toHaveLength(2);
      await sql`update webhook_events set state = 'processed', processed_at = now(), problem = null,
        attempts = attempts + 1 where id in (${sql.join(rows.map((row) => row.id))})`.execute(trx);
    });
    expect(await queue()).toBe(0);
    const [one] = (await ledger()).map((row) => row.id);
    await asTenant((trx) =>
      sql`update webhook_events set state = 'pending', due_at = now(), problem = null, attempts = 0 where id = ${one}`.execute(
        trx,
      ),
    );
    await expectWhole();
    expect(await asTenant(async (trx) => lockPending(trx, await listDue(trx, { now: soon(), most: 9 })))).toMatchObject(
      [{ id: one }],
    );
  });

  it('gives a message to one worker alone, of whichever version', async () => {
    await keepAll(lane(), [message('one')]);
    await asTenant(async (trx) => {
      expect(await lockPending(trx, await listDue(trx, { now: soon(), most: 9 }))).toHaveLength(1);
      const before = await asTenant((other) => sql.raw(CLAIM_BEFORE).execute(other));
      expect(before.rows).toEqual([]);
    });
    await asTenant(async (trx) => {
      expect((await sql.raw(CLAIM_BEFORE).execute(trx)).rows).toHaveLength(1);
      const now = await asTenant(async (other) => lockPending(other, await listDue(other, { now: soon(), most: 9 })));
      expect(now).toEqual([]);
    });
  });

  it('and goes with a tenant, as do the keys', async () => {
    const other = randomUUID();
    await owner.query(`insert into tenants (id, name) values ($1, 'Oak')`, [other]);
    await keepAll(lane(), [message('one'), message('two'), message('one', other)]);
    await test.database.system.deleteFrom('tenants').where('id', '=', tenantId).execute();
    expect(await ledger()).toHaveLength(1);
    expect(await queue()).toBe(1);
    await expectWhole();
  });
});

describe('a batch', () => {
  it('costs what is in it, not what its tenant has in a month that the database has no statistics of', async () => {
    await owner.query(
      `insert into webhook_events (tenant_id, vendor, type, dedupe_key, kept, correlation_id, state)
       select $1, 'vapi', 't', n::text, to_jsonb(repeat('k', 300)), 'c', 'processed' from generate_series(1, 6000) n`,
      [tenantId],
    );
    const BATCH = 150;
    await keepAll(
      lane(),
      Array.from({ length: BATCH }, (_, index) => message(`due ${index}`)),
    );
    await asTenant(async (trx) => {
      const rows = await lockPending(trx, await listDue(trx, { now: soon(), most: BATCH }));
      const ids = rows.map((row) => row.id);
      expect(ids).toHaveLength(BATCH);
      await markProcessed(trx, ids, new Date());
      const { rows: read } = await sql<{ rows: number }>`select sum(seq_tup_read + idx_tup_fetch)::int as rows
        from pg_stat_xact_user_tables where relname like 'webhook_events%'`.execute(trx);
      expect(read[0]!.rows).toBeLessThan(4 * BATCH);
    });
  });
});

describe('the list of the ledger', () => {
  it('goes through all months, newest first, page by page, without a gap or a repeat', async () => {
    await owner.query(
      `insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, correlation_id, state, received_at)
       select $1, case when n % 3 = 0 then gen_random_uuid() else monthly_id(now() + make_interval(months => n % 4)) end,
         'vapi', 't', n::text, '{}', 'c', 'processed', date_trunc('second', now()) - make_interval(secs => n / 2)
       from generate_series(1, 60) n`,
      [tenantId],
    );
    const seen: string[] = [];
    for (let before: { time: Date; id: string } | undefined; ;) {
      const page = await listLedger(test.database, { before, most: 7 });
      if (page.length === 0) break;
      seen.push(...page.map((event) => event.id));
      const last = page.at(-1)!;
      before = { time: new Date(last.received_at), id: last.id };
    }
    const { rows } = await owner.query<{ id: string }>(
      'select id from webhook_events order by received_at desc, id desc',
    );
    expect(seen).toEqual(rows.map((row) => row.id));
  });
});

async function asTenant<T>(work: Parameters<typeof test.database.asTenant<T>>[1]): Promise<T> {
  return await test.database.lane('job').asTenant(tenantId, work);
}

async function waitingForLocks(): Promise<number> {
  const { rows } = await watcher.query<{ waiting: number }>(
    `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]!.waiting;
}
