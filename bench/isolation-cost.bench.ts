/**
 * S03: what row-level security costs. The same statements in the same transactions, by the role that serves and by one
 * that row-level security does not bind, in turn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { connectDatabase, type Database } from '../src/db/connect.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import type { Schema } from '../src/db/schema.ts';
import { printRow } from './compare.ts';
import { fillCalls } from './fill-calls.ts';
import { median } from './load.ts';

const shape = process.argv.includes('--full') ? { calls: 200_000, turns: 5_000 } : { calls: 20_000, turns: 800 };
const WARM_UP = 40;
const silent = { info: () => {}, warn: () => {} };

type Db = Kysely<Schema>;
type Explained = { 'QUERY PLAN': { 'Planning Time': number; 'Execution Time': number }[] };
type Statement = { compile(): CompiledQuery };

const STATEMENTS: Record<string, (db: Db, tenantId: string) => Statement> = {
  'a page of calls': (db, tenantId) =>
    db
      .selectFrom('calls')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(50),
  'one call by a vendor id': (db, tenantId) =>
    db
      .selectFrom('call_links')
      .select('call_id')
      .where('tenant_id', '=', tenantId)
      .where('vendor', '=', 'vapi')
      .where('vendor_id', '=', String(Math.floor(Math.random() * 10_000))),
  'the sums of 30 days': (db, tenantId) =>
    db.selectFrom('call_days').selectAll().where('tenant_id', '=', tenantId).orderBy('day', 'desc').limit(30),
  'a new row': (db, tenantId) =>
    db
      .insertInto('call_links')
      .values({ tenant_id: tenantId, vendor: 'bench', vendor_id: randomUUID(), call_id: randomUUID() }),
};

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-isolation-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent, isDurable: false });
try {
  await migrate({ url: postgres.url, log: silent });
  const connect = (role: 'ava_app' | undefined) =>
    connectDatabase({ url: postgres.url, applicationName: 'bench', role, maxConnections: 4 });
  const bound = connect('ava_app');
  const free = connect(undefined);
  try {
    await measure(bound, free);
  } finally {
    await Promise.all([bound.close(), free.close()]);
  }
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(bound: Database, free: Database): Promise<void> {
  const tenantId = randomUUID();
  await free.system.insertInto('tenants').values({ id: tenantId, name: 'Bench' }).execute();
  await fillCalls(postgres.url, { tenantId, calls: shape.calls });
  await sql`insert into call_links (tenant_id, vendor, vendor_id, call_id)
    select ${tenantId}, 'vapi', n::text, gen_random_uuid() from generate_series(1, 10000) n`.execute(free.system);
  await refuseBlindness(bound, free);
  const worst = { inDatabase: 0, asAsked: 0 };
  for (const [name, statement] of Object.entries(STATEMENTS)) {
    const inDatabase = await inTurn(bound, free, tenantId, (trx) => timeInDatabase(trx, statement(trx, tenantId)));
    const asAsked = await inTurn(bound, free, tenantId, async (trx) => {
      const startedMs = performance.now();
      await trx.executeQuery(statement(trx, tenantId).compile());
      return performance.now() - startedMs;
    });
    worst.inDatabase = Math.max(worst.inDatabase, inDatabase.bound / inDatabase.free);
    worst.asAsked = Math.max(worst.asAsked, asAsked.bound / asAsked.free);
    console.log(
      `${name}, ms p50 with and without: ${asAsked.bound.toFixed(2)} and ${asAsked.free.toFixed(2)}; of it in the database ${inDatabase.bound.toFixed(3)} and ${inDatabase.free.toFixed(3)}`,
    );
  }
  console.log(`by the database's own time, plan and all, the worst ratio is ${worst.inDatabase.toFixed(2)}`);
  printRow({
    ...{ id: 'S03', value: worst.asAsked, unit: 'p50 with row-level security ÷ without, the worst of four' },
    ...{ goal: 1.05, floor: 1.2, n: shape.turns },
  });
}

/** p50 of each. Who comes first changes at every turn: whatever else the machine does, it does to both. */
async function inTurn(bound: Database, free: Database, tenantId: string, ask: (trx: Db) => Promise<number>) {
  const times = { bound: [] as number[], free: [] as number[] };
  const sides = { bound, free };
  for (let turn = -WARM_UP; turn < shape.turns; turn += 1) {
    for (const side of turn % 2 === 0 ? (['bound', 'free'] as const) : (['free', 'bound'] as const)) {
      const ms = await sides[side].asTenant(tenantId, ask);
      if (turn >= 0) times[side].push(ms);
    }
  }
  return { bound: median(times.bound), free: median(times.free) };
}

async function timeInDatabase(trx: Db, statement: Statement): Promise<number> {
  const { sql: text, parameters } = statement.compile();
  const explain = CompiledQuery.raw(`explain (analyze, timing off, format json) ${text}`, [...parameters]);
  const { rows } = await trx.executeQuery<Explained>(explain);
  const plan = rows[0]!['QUERY PLAN'][0]!;
  return plan['Planning Time'] + plan['Execution Time'];
}

/** Nothing is measured where the one is not bound, or the other is. */
async function refuseBlindness(bound: Database, free: Database): Promise<void> {
  const seen = await Promise.all(
    [bound, free].map((db) => db.system.selectFrom('calls').select('id').limit(1).execute()),
  );
  if (seen[0]!.length !== 0 || seen[1]!.length !== 1) throw new Error('row-level security binds the wrong role');
}
