/**
 * P11: a table of a million calls (`--full`; else 60,000), half of them in one tenant: the first page of the list, page
 * 8,000 of it, every filter, the search in what was said, the statistics of 30 days, and the export of all.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client as Owner } from 'pg';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { printResult } from '../test/harness/result.ts';
import { printRow } from './compare.ts';
import { fillCalls, WORDS } from './fill-calls.ts';
import { drive, median, quantile } from './load.ts';
import { type Measured, startServer } from './process.ts';

const isFull = process.argv.includes('--full');
const CALLS = isFull ? 1_000_000 : 60_000;
const COUNT = isFull ? 300 : 100;
const PAGE = 50;
const FAR_PAGE = Math.min(8_000, Math.floor(CALLS / 2 / PAGE) - 10);
const FILTERS: Record<string, string> = {
  status: 'status=in_progress',
  direction: 'direction=outbound',
  outcome: 'outcome=failed',
  assistant: 'assistant_id=00000000-0000-4000-8000-000000000003',
  number: 'phone_number=%2B4930105',
  time: `from_time=${daysAgo(200)}&to_time=${daysAgo(199)}`,
  'two that seldom meet': 'status=in_progress&outcome=failed',
  'a word of every call': `q=${WORDS.all}`,
  'a word of most calls': `q=${WORDS.most}`,
  'a word of few calls': `q=${WORDS.few}`,
  'a word of other tenants': `q=${WORDS.others}`,
  'a word of no call': `q=${WORDS.none}`,
  'a frequent and a rare word': `q=${WORDS.all}+${WORDS.few}`,
  'a word, and a filter that is rare': `q=${WORDS.all}&outcome=failed`,
  'a phrase': `q=%22${WORDS.all}+${WORDS.most}%22`,
};
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-calls-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent, isDurable: false });
const simulator = await startSimulator();
const servers: Measured[] = [];
try {
  await migrate({ url: postgres.url, log: silent });
  const env = { DATABASE_URL: postgres.url, AVA_SECRET_KEY: randomBytes(32).toString('hex') };
  const ava = await startServer('mix', { ...simulator.env(), ...env });
  servers.push(ava);
  const filled = await fillCalls(postgres.url, { tenantId: await tenantOfBench(), calls: CALLS });
  const bytes = Object.entries(filled.bytes).map(([name, size]) => `${name} ${Math.round(size / CALLS)}`);
  console.log(`${CALLS} calls in ${Math.round(filled.seconds)} s; bytes a call with indexes: ${bytes.join(', ')}`);
  const hello = await startServer('hello-jwt');
  servers.push(hello);
  await measure(ava, hello);
} finally {
  for (const server of servers) server.stop();
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function tenantOfBench(): Promise<string> {
  const client = new Owner({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ id: string }>('select id from tenants');
  await client.end();
  return rows[0]!.id;
}

async function measure(ava: Measured, hello: Measured): Promise<void> {
  await readList(ava);
  const first = `/api/v1/calls?limit=${PAGE}`;
  const far = `${first}&cursor=${await cursorOf(FAR_PAGE)}`;
  const stats = '/api/v1/calls/stats?days=30';
  const ms = await p50([hello, '/'], [ava, first], [ava, far], [ava, stats]);
  const [plainMs, firstMs, farMs, statsMs] = ms as [number, number, number, number];
  const cpuUs = ava.cpuUs();
  await timesOf(ava, first, COUNT);
  console.log(`hello ${plainMs.toFixed(1)} ms; CPU of AVA for a page ${Math.round((ava.cpuUs() - cpuUs) / COUNT)} µs`);
  const row = (value: number, unit: string, goal: number, floor: number, n = COUNT) =>
    printRow({ id: 'P11', value, unit: `${unit} (${CALLS} calls)`, goal, floor, n });
  row(firstMs - plainMs, 'ms p50 of the first page above hello', 3, 15);
  row(farMs / firstMs, `page ${FAR_PAGE} ÷ first`, 1.2, 2);
  await measureFilters(ava, row);
  row(statsMs - plainMs, 'ms p50 of 30 days of statistics above hello', 20, 400);
  const out = await exportAll(ava);
  row(out.grownMb, 'MB that the process grew by at most while it exported', 30, 100, out.rows);
  printResult({
    ...{ id: 'P11', value: Math.round(out.perSecond), unit: `rows a second exported (${CALLS / 2} calls)` },
    ...{ goal: '>= 50000', floor: '>= 10000', pass: out.perSecond >= 10_000, n: out.rows },
  });
}

/** All calls of the large tenant as CSV; the reader only counts the lines. */
async function exportAll(ava: Measured): Promise<{ rows: number; perSecond: number; grownMb: number }> {
  const pool = new Pool(ava.url);
  const headers = { authorization: `Bearer ${ava.token}` };
  const beforeMb = ava.rssMb();
  const [startedMs, cpuUs] = [performance.now(), ava.cpuUs()];
  let [lines, peakMb, chunks] = [0, beforeMb, 0];
  const answer = await pool.request({ method: 'GET', path: '/api/v1/calls/export', headers });
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    if (chunks++ % 50 === 0) peakMb = Math.max(peakMb, ava.rssMb());
  }
  await pool.close();
  const rows = lines - 1;
  if (rows !== CALLS / 2) throw new Error(`the export holds ${rows} of ${CALLS / 2} calls`);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`export: ${seconds.toFixed(1)} s, ${((ava.cpuUs() - cpuUs) / rows).toFixed(1)} µs of AVA's CPU a row`);
  return { rows, perSecond: rows / seconds, grownMb: peakMb - beforeMb };
}

type Row = (value: number, unit: string, goal: number, floor: number, n?: number) => void;

/** Where the page begins, as one who had asked page by page would be told. */
async function cursorOf(page: number): Promise<string> {
  const client = new Owner({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ at: Date; id: string }>(
    `select started_at as at, id from calls where tenant_id = (select tenant_id from calls group by 1 order by count(*) desc limit 1)
     order by started_at desc, id desc offset $1 limit 1`,
    [page * PAGE],
  );
  await client.end();
  const [last] = rows;
  return Buffer.from(`${last!.at.toISOString()} ${last!.id}`).toString('base64url');
}

async function measureFilters(ava: Measured, row: Row): Promise<void> {
  const worst = { name: '', ms: 0 };
  const words: string[] = [];
  for (const [name, query] of Object.entries(FILTERS)) {
    const [first, ...rest] = await timesOf(ava, `/api/v1/calls?limit=${PAGE}&${query}`, 20);
    const ms = Math.max(first!, ...rest);
    words.push(`${name} ${median(rest).toFixed(1)} (first ${first!.toFixed(1)}, worst ${ms.toFixed(1)})`);
    if (ms > worst.ms) Object.assign(worst, { name, ms });
  }
  console.log(`filters, ms p50: ${words.join('; ')}`);
  row(worst.ms, `ms of the slowest answer with a filter: ${worst.name}`, 30, 300, 20 * words.length);
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

async function readList(ava: Measured): Promise<void> {
  const pool = new Pool(ava.url);
  const headers = { authorization: `Bearer ${ava.token}` };
  const answer = await pool.request({ method: 'GET', path: `/api/v1/calls?limit=${PAGE}`, headers });
  const { calls } = (await answer.body.json()) as { calls: unknown[] };
  await pool.close();
  if (calls.length !== PAGE) throw new Error(`the first page holds ${calls.length} calls`);
}

type Asked = [server: Measured, where: string];

/** p50 of each, asked in turn, so that a machine that is busy with other things is so for all of them. */
async function p50(...asked: Asked[]): Promise<number[]> {
  const times: number[][] = asked.map(() => []);
  for (const [server, where] of asked) await timesOf(server, where, 20);
  for (let round = 0; round < 10; round += 1) {
    for (const [index, [server, where]] of asked.entries())
      times[index]!.push(...(await timesOf(server, where, COUNT / 10)));
  }
  return times.map((list) => quantile(list, 0.5));
}

async function timesOf(server: Measured, where: string, count: number): Promise<number[]> {
  const headers = { authorization: `Bearer ${server.token}` };
  const { latenciesMs, wrong } = await drive({ url: server.url, path: where, headers, count, connections: 1 });
  if (wrong > 0) throw new Error(`${wrong} of ${count} answers of ${where} were none`);
  return latenciesMs;
}
