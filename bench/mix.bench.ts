/**
 * P15 and P16: what the standard mix does to the event loop, beside an idle process in the same seconds; and what logs,
 * metrics and audit cost in CPU, against the same AVA without them, in turn. What traces cost is printed beside them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { startCollector } from '../test/harness/collector.ts';
import { printRow } from './compare.ts';
import { median } from './load.ts';
import { type Measured, startServer } from './process.ts';

const isGlance = process.argv.includes('--glance');
const quick = isGlance ? { rounds: 2, count: 600 } : { rounds: 5, count: 1_000 };
const shape = process.argv.includes('--full') ? { rounds: 15, count: 4_000 } : quick;
const CONNECTIONS = 8;
let sent = 0;
let busy = 0;
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-db-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
const simulator = await startSimulator();
const collector = await startCollector();
const idle = await startServer('idle');
const contenders = {
  on: await start('on', {}),
  off: await start('off', { SWITCHED_OFF: 'logs,metrics,audit' }),
  traced: await start('traced', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
};
try {
  await measure();
} finally {
  for (const server of [idle, ...Object.values(contenders)]) server.stop();
  await collector.close();
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function start(name: string, env: Record<string, string>): Promise<Measured> {
  const url = new URL(postgres.url);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database bench_${name}`);
  await client.end();
  url.pathname = `/bench_${name}`;
  await migrate({ url: url.href, log: silent });
  const AVA_SECRET_KEY = randomBytes(32).toString('hex');
  return startServer('mix', { ...simulator.env(), DATABASE_URL: url.href, AVA_SECRET_KEY, ...env });
}

async function measure(): Promise<void> {
  const cpu = { on: [] as number[], off: [] as number[], traced: [] as number[] };
  const delays: number[] = [];
  for (const server of Object.values(contenders)) await mix(server, shape.count);
  for (let round = 0; round < shape.rounds; round += 1) {
    for (const name of ['on', 'off', 'traced'] as const) {
      const server = contenders[name];
      await Promise.all([server.tell('begin'), idle.tell('begin')]);
      const before = server.cpuUs();
      await mix(server, shape.count);
      cpu[name].push((server.cpuUs() - before) / shape.count);
      const [loaded, still] = (await Promise.all([server.tell('end'), idle.tell('end')])) as { p99Ms: number }[];
      if (name === 'on') delays.push(loaded!.p99Ms - still!.p99Ms);
    }
  }
  const n = shape.rounds * shape.count;
  const us = { on: median(cpu.on), off: median(cpu.off), traced: median(cpu.traced) };
  console.log(
    `CPU a request: ${Math.round(us.on)} µs; without logs, metrics and audit ${Math.round(us.off)} µs; with traces ${Math.round(us.traced)} µs (${collector.spans.length} spans came); ${busy} answered 503`,
  );
  const unit = 'ms p99 delay of the event loop above that of an idle process';
  printRow({ id: 'P15', value: median(delays), unit, goal: 10, floor: 50, n });
  printRow({
    id: 'P16',
    value: us.on / us.off,
    unit: 'of the CPU without logs, metrics and audit',
    goal: 1.1,
    floor: 1.3,
    n,
  });
}

/** Of twenty requests: fourteen reads of settings, two of calls, one of circuits, two webhooks, one change of a setting. */
async function mix(server: Measured, count: number): Promise<void> {
  const pool = new Pool(server.url, { connections: CONNECTIONS, pipelining: 1 });
  let next = 0;
  const worker = async () => {
    while (next < count) await one(pool, server, next++);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  await pool.close();
}

async function one(pool: Pool, server: Measured, turn: number): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const person = { ...json, authorization: `Bearer ${server.token}` };
  const get = (where: string) => ({ method: 'GET' as const, path: `/api/v1${where}`, headers: person });
  const wanted = (() => {
    const kind = turn % 20;
    if (kind < 14) return get('/vapi/settings');
    if (kind < 16) return get('/calls');
    if (kind === 16) return get('/ops/circuit-breakers');
    if (kind < 19) {
      const headers = { ...json, 'x-vapi-secret': server.whole };
      return { method: 'POST' as const, path: '/webhooks/vapi', headers, body: webhook(sent++) };
    }
    const body = JSON.stringify({ value: 100 + (sent++ % 800) });
    return { method: 'PUT' as const, path: '/api/v1/vapi/settings/max_tokens', headers: person, body };
  })();
  const answer = await pool.request(wanted);
  await answer.body.dump();
  // A machine that is busy with other things makes AVA ask vendors to come again: that is part of the mix.
  if (answer.statusCode === 503) busy += 1;
  else if (answer.statusCode >= 300) throw new Error(`${wanted.method} ${wanted.path} answered ${answer.statusCode}`);
}

function webhook(index: number): string {
  const id = `00000000-0000-4000-8000-${String(Math.floor(index / 8)).padStart(12, '0')}`;
  const call = { id, type: 'inboundPhoneCall' };
  return JSON.stringify({
    message: { type: 'status-update', status: 'in-progress', timestamp: 1_767_225_605_123 + index, call },
  });
}
