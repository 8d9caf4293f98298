/**
 * P05 and P06: how many signed webhooks of 1.5 KB a second are on disk before their 2xx, beside what the disk and the same
 * database do with one insert per commit; and a burst of 5,000 with an assistant-request inside. AVA is a process of its own,
 * with its log and its work in the background, as in production; the driver is this one, for AVA and for the plain inserts.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { Agent, request } from 'undici';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { printResult } from '../test/harness/result.ts';
import { measureFlushes } from './flushes.ts';
import { type Measured, startServer } from './process.ts';

const isFull = process.argv.includes('--full');
const CLIENTS = 64;
const SECONDS = isFull ? 20 : 5;
const BURST = 5_000;
/** Held open, as a balancer does: Node.js accepts one new connection a turn of its loop, and a turn is long in a burst. */
const CONNECTIONS = 512;
const ASKED = 5;
const QUIET = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-ingest-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: QUIET });
try {
  await migrate({ url: postgres.url, log: QUIET });
  const flushes = measureFlushes(dir);
  const plain = await insertOneByOne(postgres.url);
  const server = await startServer('mix', {
    DATABASE_URL: postgres.url,
    AVA_SECRET_KEY: 'bench secret key 0123456789 abcdefghij',
  });
  try {
    await measureIngest(server, { flushes, plain });
  } finally {
    server.stop();
  }
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function measureIngest(server: Measured, base: { flushes: number; plain: number }): Promise<void> {
  const secret = server.whole;
  const agent = new Agent({ connections: CONNECTIONS });
  const post = async (body: string) => {
    const startedMs = performance.now();
    const answer = await request(`${server.url}/webhooks/vapi`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json', 'x-vapi-secret': secret },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
    return performance.now() - startedMs;
  };
  await atOnce(CLIENTS, 500, (index) => post(message(index)));
  let sent = 1_000;
  const cpuBefore = server.cpuUs();
  const flood = await timed(SECONDS * 1000, CLIENTS, () => post(message(sent++)));
  const cpuUs = (server.cpuUs() - cpuBefore) / flood.times.length;
  console.log(`AVA's own CPU a webhook, processing included: ${Math.round(cpuUs)} µs`);
  const half = await timed(SECONDS * 1000, CLIENTS, () => post(message(sent++)), flood.perSecond / 2);
  const p99 = half.times.sort((a, b) => a - b)[Math.floor(half.times.length * 0.99)] ?? 0;
  const [overPlain, overFlushes] = [flood.perSecond / base.plain, flood.perSecond / base.flushes];
  printResult({
    id: 'P05',
    value: `${overPlain.toFixed(2)}; ${overFlushes.toFixed(2)}; ${Math.round(p99)} ms (${Math.round(flood.perSecond)}/s; plain ${Math.round(base.plain)}/s; fdatasync ${Math.round(base.flushes)}/s)`,
    unit: 'acks/s over one insert per commit; over fdatasync/s; p99 at half load',
    goal: '1.5; 10; 100',
    floor: '0.5; 3; 500',
    pass: overPlain >= 0.5 && overFlushes >= 3 && p99 <= 500,
    n: flood.times.length,
  });
  await atOnce(CONNECTIONS, 2 * CONNECTIONS, () => post(message(sent++)));
  // From a process of its own: a vendor's question does not wait in the driver behind its news.
  const bodies = Array.from({ length: ASKED }, (_, index) => message(20_000_000 + index, 'assistant-request'));
  const asker = await startAsker({ url: server.url, secret, bodies });
  await burst((body) => post(body), asker);
  await agent.close();
}

async function burst(post: Post, asker: Asker): Promise<void> {
  const before = await countEvents();
  const startedMs = performance.now();
  const requests = Array.from({ length: BURST }, (_, index) => post(message(10_000_000 + index)));
  const asking = asker.ask();
  const all = Promise.all(requests).then(() => performance.now());
  const worst = Math.max(...(await asking));
  const lastMs = await all;
  const seconds = (lastMs - startedMs) / 1000;
  const lost = BURST + ASKED - ((await countEvents()) - before);
  printResult({
    id: 'P06',
    value: `${seconds.toFixed(1)} s; ${lost}; ${Math.round(worst)} ms`,
    unit: 'last ack; lost; worst assistant-request',
    goal: '3; 0; 500',
    floor: '12; 0; 5000',
    pass: seconds <= 12 && lost === 0 && worst <= 5_000,
    n: BURST,
  });
}

type Post = (body: string) => Promise<number>;
type Asker = { ask(): Promise<number[]> };

async function startAsker(order: { url: string; secret: string; bodies: string[] }): Promise<Asker> {
  const child = fork(fileURLToPath(new URL('servers/asker.ts', import.meta.url)), {
    env: { ...process.env, ASK: JSON.stringify(order) },
  });
  await once(child, 'message');
  return {
    async ask() {
      child.send('now');
      const [{ times }] = (await once(child, 'message')) as [{ times: number[] }];
      child.disconnect();
      return times;
    },
  };
}

async function countEvents(): Promise<number> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ n: string }>('select count(*) as n from webhook_events');
  await client.end();
  return Number(rows[0]!.n);
}

function message(index: number, type = 'status-update'): string {
  const id = `00000000-0000-4000-8000-${String(Math.floor(index / 8)).padStart(12, '0')}`;
  return JSON.stringify({
    message: {
      type,
      status: 'in-progress',
      timestamp: 1_767_225_605_123 + index,
      call: { id, type: 'inboundPhoneCall' },
      padding: 'x'.repeat(1_200),
    },
  });
}

async function timed(ms: number, clients: number, act: () => Promise<number>, perSecond = Infinity) {
  const times: number[] = [];
  const startedMs = performance.now();
  const worker = async () => {
    while (performance.now() - startedMs < ms) {
      const due = (times.length / perSecond) * 1000;
      const aheadMs = due - (performance.now() - startedMs);
      if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
      times.push(await act());
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
  return { times, perSecond: times.length / ((performance.now() - startedMs) / 1000) };
}

async function atOnce(clients: number, count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: clients }, worker));
}

/** What a plain client does: one connection, one insert of the same size, one commit; as many at once. */
async function insertOneByOne(url: string): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  await clients[0]!.query('create table plain (id bigint generated always as identity primary key, body text)');
  const body = message(1);
  const done = await timed(SECONDS * 1000, CLIENTS, async () => {
    // Each connection has one statement under way, as pgbench does it: what waits in a driver's own line is no commit.
    const client = clients.pop()!;
    await client.query('insert into plain (body) values ($1)', [body]);
    clients.push(client);
    return 0;
  });
  await clients[0]!.query('drop table plain');
  await Promise.all(clients.map((client) => client.end()));
  return done.perSecond;
}
