/**
 * P18: what a request costs the stores that all replicas share, with one replica and with three: queries of PostgreSQL (a message
 * that is waited for) as AVA's side of the connections counts them, of the request itself and of the work that follows, with the
 * commits apart; statements and round trips of Redis as those count them themselves; all of it less what replicas do while
 * nobody asks; and who waited for a lock.
 */
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { Agent } from 'undici';
import { printResult } from '../test/harness/result.ts';
import { until } from '../test/harness/until.ts';
import { buildHouse, type House } from './house.ts';
import type { Measured } from './process.ts';

const [COUNT, FOR_MS] = process.argv.includes('--full') ? [1_500, 30_000] : [300, 6_000];
const SIZES = [1, 3];
const LOOK_EVERY_MS = 20;
/** Work that follows a request, such as understanding a webhook, is over by then. */
const SETTLE_MS = 2_000;
/** Connections that requests use; the others belong to work that goes on behind them. */
const OWN = ['ava/api', 'ava/webhook', 'ava/call'];
const FRAMES = OWN.map((lane) => `${lane} frame`);

type Counts = { statements: number; redis: number; own: number; frames: number; after: number };
type Ask = { method: 'GET' | 'POST'; path: string; headers: Record<string, string>; body?: string };

const house = await buildHouse({ hasRedis: true, env: { COUNT_TURNS: 'yes', AVA_REPLICAS: '3' } });
const agent = new Agent({ connections: 8 });
let sent = 0;
try {
  const postgres = await countInDatabase(house);
  const redis = new Redis(house.redis().url);
  const worst = { queries: 0, frames: 0, redis: 0, what: '', locks: 0, n: 0 };
  for (const size of SIZES) {
    while (house.servers.length < size) await house.join();
    await measure({ postgres, redis }, worst);
  }
  report(worst);
  await postgres.end();
  redis.disconnect();
} finally {
  await agent.close();
  await house.tearDown();
}

/** The library is loaded at start alone; AVA lives through the restart. */
async function countInDatabase({ postgres, servers }: House): Promise<Client> {
  const client = await open(postgres.url);
  await client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`);
  process.kill(postgres.pid()!, 'SIGINT');
  const again = await until('PostgreSQL is back', () => openCounting(postgres.url), 60_000);
  await until('AVA has it again', async () => (await fetch(`${servers[0]!.url}/readyz`)).ok, 60_000);
  await again.query('create extension pg_stat_statements');
  return again;
}

async function openCounting(url: string): Promise<Client | undefined> {
  try {
    const client = await open(url);
    const { rows } = await client.query<{ shared_preload_libraries: string }>('show shared_preload_libraries');
    if (rows[0]?.shared_preload_libraries === 'pg_stat_statements') return client;
    await client.end();
  } catch {
    // It is down, or not up yet.
  }
  return undefined;
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'bench' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

type Stores = { postgres: Client; redis: Redis };

async function measure(stores: Stores, worst: Worst): Promise<void> {
  const asks = asksOf(house.servers[0]!);
  for (const ask of Object.values(asks)) await askAll(ask, 60, 1_000);
  await wait(SETTLE_MS);
  const idle = await during(stores, () => wait(FOR_MS));
  for (const [name, ask] of Object.entries(asks)) {
    const busy = await during(stores, () => askAll(ask, COUNT, FOR_MS));
    const each = (kind: keyof Counts) => (busy[kind] - idle[kind]) / COUNT;
    console.log(
      `${house.servers.length} replicas, ${name}: ${each('own').toFixed(2)} queries of PostgreSQL by the request itself and ${each('frames').toFixed(2)} commits, ${each('after').toFixed(2)} by work that follows, ${each('statements').toFixed(2)} statements; ${each('redis').toFixed(2)} round trips of Redis; ${busy.locks} of ${busy.looks} looks saw somebody wait for a lock. Idle in the same time: ${idle.own + idle.frames} and ${idle.after}, ${idle.statements} statements, ${idle.redis} round trips; load ${loadavg()[0]!.toFixed(1)}`,
    );
    worst.n += COUNT;
    worst.locks += busy.locks;
    worst.redis = Math.max(worst.redis, each('redis'));
    const own = each('own');
    if (own > worst.queries)
      Object.assign(worst, { queries: own, frames: each('frames'), what: `${name} on ${house.servers.length}` });
  }
}

type Worst = { queries: number; frames: number; redis: number; what: string; locks: number; n: number };

async function during(stores: Stores, work: () => Promise<unknown>) {
  const before = await countsOf(stores);
  const seen = { locks: 0, looks: 0, isOver: false };
  const looking = watchLocks(stores.postgres, seen);
  await work();
  await wait(SETTLE_MS);
  seen.isOver = true;
  await looking;
  const after = await countsOf(stores);
  const kinds = Object.keys(after) as (keyof Counts)[];
  const counts = Object.fromEntries(kinds.map((kind) => [kind, after[kind] - before[kind]])) as Counts;
  return { ...counts, ...seen };
}

async function watchLocks(postgres: Client, seen: { locks: number; looks: number; isOver: boolean }): Promise<void> {
  while (!seen.isOver) {
    const { rows } = await postgres.query(`select from pg_stat_activity where wait_event_type = 'Lock'`);
    seen.looks += 1;
    if (rows.length > 0) seen.locks += 1;
    await wait(LOOK_EVERY_MS);
  }
}

async function countsOf({ postgres, redis }: Stores): Promise<Counts> {
  const { rows } = await postgres.query<{ statements: string }>(
    `select coalesce(sum(calls), 0) as statements from pg_stat_statements where toplevel and query not like '%pg_stat_%'`,
  );
  const stats = await redis.info('commandstats');
  const trips = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
  const told = (await Promise.all(house.servers.map((server) => server.tell('turns')))) as Record<string, number>[];
  const all = told.flatMap((counted) => Object.entries(counted));
  const sum = (isMeant: (lane: string) => boolean) =>
    all.filter(([lane]) => isMeant(lane)).reduce((total, [, count]) => total + count, 0);
  const own = sum((lane) => OWN.includes(lane));
  const frames = sum((lane) => FRAMES.includes(lane));
  const after = sum(() => true) - own - frames;
  return { statements: Number(rows[0]!.statements), redis: trips, own, frames, after };
}

/** At even times, to each replica in turn. */
async function askAll(ask: () => Ask, count: number, forMs: number): Promise<void> {
  const startedMs = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const aheadMs = startedMs + (index / count) * forMs - performance.now();
    if (aheadMs > 0) await wait(aheadMs);
    running.push(one(house.servers[index % house.servers.length]!.url, ask()));
  }
  await Promise.all(running);
}

async function one(origin: string, { path, ...ask }: Ask): Promise<void> {
  const answer = await agent.request({ origin, path, ...ask, body: ask.body ?? null });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode} ${text}`);
}

function asksOf({ token, whole }: Measured): Record<string, () => Ask> {
  const person = { authorization: `Bearer ${token}` };
  const get = (where: string) => (): Ask => ({ method: 'GET', path: `/api/v1${where}`, headers: person });
  return {
    'a read of settings': get('/vapi/settings'),
    'a page of calls': get('/calls'),
    'a webhook': () => webhook(whole),
  };
}

function webhook(secret: string): Ask {
  const id = `00000000-0000-4000-8000-${String((sent += 1)).padStart(12, '0')}`;
  const call = { id, type: 'inboundPhoneCall' };
  const message = { type: 'status-update', status: 'in-progress', timestamp: Date.now(), call };
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': secret };
  return { method: 'POST', path: '/webhooks/vapi', headers, body: JSON.stringify({ message }) };
}

function report({ queries, frames, redis, what, locks, n }: Worst): void {
  printResult({
    id: 'P18',
    value: `${queries.toFixed(2)} + ${redis.toFixed(2)}; ${locks}`,
    unit: `queries of PostgreSQL (and ${frames.toFixed(2)} commits) + round trips of Redis a request, the worst: ${what}; looks that saw a wait for a lock`,
    goal: '1 + 1; 0',
    floor: '3 + 2; reported',
    pass: queries <= 3 && redis <= 2,
    n,
  });
}
