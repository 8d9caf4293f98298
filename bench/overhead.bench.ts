/**
 * What AVA costs (P01, P02, P04): CPU time a request against a bare undici proxy, against the gateway @portkey-ai/gateway,
 * and against Fastify with one verified token, all in the same run, in turn.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { freePort } from '../test/harness/free-port.ts';
import { compare, printRow } from './compare.ts';
import { drive } from './load.ts';
import { cpuUsOf, type Measured, rssMbOf, startServer } from './process.ts';

const shape = process.argv.includes('--full') ? { rounds: 35, count: 3000 } : { rounds: 9, count: 1500 };
/** So many that what AVA does in the background anyway counts for little. */
const READS = 10_000;
const silent = { info: () => {}, warn: () => {} };
const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-db-'));

const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
await migrate({ url: postgres.url, log: silent });
const simulator = await startSimulator();
const upstream = await startServer('upstream');
const bare = await startServer('bare-proxy', { UPSTREAM: upstream.url });
const hello = await startServer('hello-jwt');
const secret = randomBytes(32).toString('hex');
const ava = await startServer('ava', {
  DATABASE_URL: postgres.url,
  AVA_SECRET_KEY: secret,
  VAPI_BASE_URL: upstream.url,
});
const settled = await startServer('ava', {
  DATABASE_URL: await secondDatabase(),
  AVA_SECRET_KEY: secret,
  ...simulator.env(),
});
const portkey = await startPortkey();

try {
  for (const connections of [1, 32]) await overhead(connections);
  for (const connections of [1, 100]) await failFast(connections);
  await cachedSettings();
} finally {
  for (const server of [upstream, bare, hello, ava, settled, portkey]) server.stop();
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function overhead(connections: number): Promise<void> {
  const figures = await compare(
    [
      { name: 'bare', server: bare, load: { path: '/' } },
      {
        name: 'ava',
        server: ava,
        load: { path: '/bench/assistant', headers: { authorization: `Bearer ${ava.token}` } },
      },
      {
        name: 'portkey',
        server: portkey,
        load: {
          path: '/v1/chat/completions',
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: 'Bearer k',
            'x-portkey-provider': 'openai',
            'x-portkey-custom-host': `${upstream.url}/v1`,
          },
          body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }),
        },
      },
    ],
    { ...shape, connections },
  );
  const n = shape.rounds * shape.count;
  report(figures);
  printRow({
    id: `P01 cpu c=${connections}`,
    value: figures['ava']!.cpuUs / figures['bare']!.cpuUs,
    unit: 'of a bare undici proxy',
    goal: 1.5,
    floor: 2.3,
    n,
  });
  if (connections === 1)
    printRow({
      id: 'P01 added p50',
      value: figures['ava']!.p50Ms - figures['bare']!.p50Ms,
      unit: 'ms',
      goal: 0.5,
      floor: 1.5,
      n,
    });
  printRow({
    id: `P01 p99 c=${connections}`,
    value: figures['ava']!.p99Ms / figures['bare']!.p99Ms,
    unit: "of a bare proxy's",
    goal: 1.5,
    floor: 3,
    n,
  });
  const added = (name: string) => figures[name]!.p50Ms - figures['bare']!.p50Ms;
  printRow({
    id: `P01 added p50 to portkey c=${connections}`,
    value: added('ava') / added('portkey'),
    unit: "of Portkey's",
    goal: 0.5,
    floor: 1,
    n,
  });
}

async function failFast(connections: number): Promise<void> {
  await ava.tell('isolate');
  const before = await upstreamRequests();
  const figures = await compare(
    [
      { name: 'hello', server: hello, load: { path: '/', headers: { authorization: `Bearer ${hello.token}` } } },
      {
        name: 'refused',
        server: ava,
        load: { path: '/bench/assistant', headers: { authorization: `Bearer ${ava.token}` }, expect: 503 },
      },
    ],
    { ...shape, connections },
  );
  await ava.tell('close');
  report(figures);
  const n = shape.rounds * shape.count;
  printRow({
    id: `P02 cpu c=${connections}`,
    value: figures['refused']!.cpuUs / figures['hello']!.cpuUs,
    unit: 'of hello with a token',
    goal: 1.3,
    floor: 2,
    n,
  });
  printRow({
    id: `P02 p99 c=${connections}`,
    value: figures['refused']!.p99Ms / figures['hello']!.p99Ms,
    unit: "of hello's",
    goal: 1.3,
    floor: 2,
    n,
  });
  printRow({
    id: `P02 upstream c=${connections}`,
    value: (await upstreamRequests()) - before,
    unit: 'requests at the upstream',
    goal: 0,
    floor: 0,
    n,
  });
}

async function cachedSettings(): Promise<void> {
  const load = {
    url: settled.whole,
    path: '/api/v1/vapi/settings',
    headers: { authorization: `Bearer ${settled.token}` },
  };
  const first = await drive({ ...load, count: 20, connections: 1 });
  if (first.wrong > 0) throw new Error('the settings could not be read');
  const figures = await compare(
    [
      { name: 'hello', server: hello, load: { path: '/', headers: { authorization: `Bearer ${hello.token}` } } },
      { name: 'settings', server: settled, load },
    ],
    { ...shape, connections: 32 },
  );
  report(figures);
  const n = shape.rounds * shape.count;
  printRow({
    id: 'P04 cpu',
    value: figures['settings']!.cpuUs / figures['hello']!.cpuUs,
    unit: 'of hello with a token',
    goal: 1.3,
    floor: 1.8,
    n,
  });
  const before = await transactions();
  await drive({ ...load, count: READS, connections: 32 });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  printRow({
    id: 'P04 queries',
    value: ((await transactions()) - before) / (READS / 1000),
    unit: 'database transactions per 1,000 reads',
    goal: 0,
    floor: 5,
    n: READS,
  });
}

function report(figures: Record<string, { cpuUs: number; p50Ms: number; p99Ms: number; wrong: number }>): void {
  for (const [name, { cpuUs, p50Ms, p99Ms, wrong }] of Object.entries(figures)) {
    console.log(
      `  ${name.padEnd(10)} ${cpuUs.toFixed(0).padStart(6)} µs CPU  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  ${wrong} wrong`,
    );
  }
}

async function upstreamRequests(): Promise<number> {
  return ((await upstream.tell('requests')) as { requests: number }).requests;
}

async function secondDatabase(): Promise<string> {
  const url = new URL(postgres.url);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create database settings');
  await client.end();
  url.pathname = '/settings';
  await migrate({ url: url.href, log: silent });
  return url.href;
}

async function transactions(): Promise<number> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ n: string }>(
    "select xact_commit + xact_rollback as n from pg_stat_database where datname = 'settings'",
  );
  await client.end();
  return Number(rows[0]!.n);
}

async function startPortkey(): Promise<Measured> {
  const port = await freePort();
  const manifest = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
  const script = path.join(path.dirname(manifest), 'build', 'start-server.js');
  const child = spawn(process.execPath, [script, `--port=${port}`, '--headless'], {
    stdio: 'ignore',
    env: { ...process.env, TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const pid = child.pid!;
  return {
    url,
    token: '',
    whole: '',
    pid,
    cpuUs: () => cpuUsOf(pid),
    rssMb: () => rssMbOf(pid),
    tell: async () => {},
    stop: () => void child.kill('SIGKILL'),
  };
}
