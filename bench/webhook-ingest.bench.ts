/**
 * P05 and P06: how many signed webhooks of 1.5 KB a second are on disk before their 2xx, beside what the disk and the same
 * database do with one insert per commit; and a burst of 5,000 with an assistant-request inside. AVA is a process of its own,
 * with its log and its work in the background, as in production; the driver is this one, for AVA and for the plain inserts.
 * Measured on the disk as it is, where HTTP and processor time decide, and on one held to a known number of flushes, where it
 * decides.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Agent } from 'undici';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { printResult } from '../test/harness/result.ts';
import { measureFlushes } from './flushes.ts';
import { quantile } from './load.ts';
import { cpuUsOfTree, type Measured, startServer } from './process.ts';
import { joinSlowDisk, SLOW_FLUSHES } from './slow-disk.ts';
import { measureBurst } from './webhook-burst.ts';
import { atOnce, insertOneByOne, message, poster, type Post, timed } from './webhook-driver.ts';

const isFull = process.argv.includes('--full');
const CLIENTS = 64;
const MEASURE_MS = isFull ? 20_000 : 5_000;
/** Held open, as a balancer does: Node.js accepts one new connection a turn of its loop, and a turn is long in a burst. */
const CONNECTIONS = 512;
const QUIET = { info: () => {}, warn: () => {} };
const [PLAIN_FLOOR, FLUSH_FLOOR, P99_FLOOR_MS] = [0.5, 3, 500];
let sent = 1_000;

const dir = mkdtempSync(path.join(tmpdir(), 'ava-ingest-'));
// Before the database is started: it belongs to the group of its parent.
const slow = joinSlowDisk(dir);
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: QUIET });
try {
  await migrate({ url: postgres.url, log: QUIET });
  const bare = await measureBare();
  const server = await startServer('mix', {
    DATABASE_URL: postgres.url,
    AVA_SECRET_KEY: 'bench secret key 0123456789 abcdefghij',
  });
  const agent = new Agent({ connections: CONNECTIONS });
  const post = poster(server.url, server.whole, agent);
  try {
    await atOnce(CLIENTS, 500, (index) => post(message(index)));
    report('P05', await measureIngest({ server, post, flushes: measureFlushes(dir) }), bare);
    if (typeof slow === 'string') console.log(`P05 slow disk: not measured, ${slow}`);
    else {
      const flushes = await slow.hold(SLOW_FLUSHES);
      report('P05 slow disk', await measureIngest({ server, post, flushes }), bare);
      slow.free();
    }
    await atOnce(CONNECTIONS, 2 * CONNECTIONS, () => post(message(sent++)));
    await measureBurst({ server, post, databaseUrl: postgres.url });
  } finally {
    await agent.close();
    server.stop();
  }
} finally {
  await postgres.stop();
  if (typeof slow !== 'string') await slow.leave();
  rmSync(dir, { recursive: true, force: true });
}

/** What a server could take at most that keeps nothing. */
async function measureBare(): Promise<number> {
  const server = await startServer('bare-taker');
  const agent = new Agent({ connections: CONNECTIONS });
  const post = poster(server.url, 'none', agent);
  await atOnce(CLIENTS, 500, (index) => post(message(index)));
  const flood = await timed(MEASURE_MS / 2, CLIENTS, () => post(message(0)));
  await agent.close();
  server.stop();
  return flood.perSecond;
}

type Ingest = { flushes: number; plain: number; acks: number; p99Ms: number; n: number };

async function measureIngest(order: { server: Measured; post: Post; flushes: number }): Promise<Ingest> {
  const { server, post, flushes } = order;
  const plainCosts = costsOf(server, postgres);
  const plain = await insertOneByOne(postgres.url, CLIENTS, MEASURE_MS);
  console.log(`CPU a plain insert: ${plainCosts(plain.times.length)}`);
  const costs = costsOf(server, postgres);
  const flood = await timed(MEASURE_MS, CLIENTS, () => post(message(sent++)));
  console.log(`CPU a webhook, processing included: ${costs(flood.times.length)}`);
  const half = await timed(MEASURE_MS, CLIENTS, () => post(message(sent++)), flood.perSecond / 2);
  const p99Ms = quantile(half.times, 0.99);
  return { flushes, plain: plain.perSecond, acks: flood.perSecond, p99Ms, n: flood.times.length };
}

function costsOf(server: Measured, database: EmbeddedPostgres): (count: number) => string {
  const read = () => {
    const driver = process.cpuUsage();
    return [server.cpuUs(), cpuUsOfTree(database.pid()!), driver.user + driver.system];
  };
  const before = read();
  return (count) => {
    const [ava, db, driver] = read().map((us, index) => Math.round((us - before[index]!) / count));
    return `AVA ${ava} µs, PostgreSQL ${db} µs, the driver ${driver} µs`;
  };
}

/** A multiple of the flushes that even a server without a database does not reach says nothing about flushes. */
function report(id: string, { flushes, plain, acks, p99Ms, n }: Ingest, bare: number): void {
  const [overPlain, overFlushes] = [acks / plain, acks / flushes];
  const diskDecides = FLUSH_FLOOR * flushes < bare;
  printResult({
    id,
    value: `${overPlain.toFixed(2)}; ${overFlushes.toFixed(2)}; ${Math.round(p99Ms)} ms (${Math.round(acks)}/s; plain ${Math.round(plain)}/s; fdatasync ${Math.round(flushes)}/s; a bare server that stores nothing ${Math.round(bare)}/s)`,
    unit: `acks/s over one insert per commit; over fdatasync/s${diskDecides ? '' : ' (not judged: three times as many are more than the bare server takes)'}; p99 at half load`,
    goal: '1.5; 10; 100',
    floor: '0.5; 3; 500',
    pass: overPlain >= PLAIN_FLOOR && (!diskDecides || overFlushes >= FLUSH_FLOOR) && p99Ms <= P99_FLOOR_MS,
    n,
  });
}
