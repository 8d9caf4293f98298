/**
 * R35: what a tenant costs in memory whose limit, credential and circuit were used once, over 100,000 tenants (`--full`;
 * else 10,000); and what is left of it after a minute and a half in which nobody came. AVA keeps the settings of 2,000 tenants: those
 * of so many are read, and what they take is told apart. Over few tenants the RSS tells of pages and not of tenants, so
 * there the heap is divided. Nobody collects for AVA while it is idle: what is given back then, it gives back by itself.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { printResult } from '../test/harness/result.ts';
import { fillTenants } from './fill-tenants.ts';
import { type Measured, startServer } from './process.ts';

const isFull = process.argv.includes('--full');
const [TENANTS, WITH_SETTINGS] = isFull ? [100_000, 2_500] : [10_000, 300];
/** Touched before the first look, so that what AVA needs anyway (code, connections, buffers) is not counted. */
const WARM_UP = 500;
/** After a minute AVA gives back what it can, within a quarter of one. */
const IDLE_MS = 90_000;
const silent = { info: () => {}, warn: () => {} };

type Memory = { rss: number; heapUsed: number; failed: number };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-memory-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent, isDurable: false });
const simulator = await startSimulator();
try {
  await migrate({ url: postgres.url, log: silent });
  await measure();
} finally {
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const secretKey = randomBytes(32).toString('hex');
  const { apiKey } = simulator.vapi;
  const tenants = await fillTenants({ url: postgres.url, secretKey, apiKey, count: TENANTS + WARM_UP });
  const env = { ...simulator.env(), DATABASE_URL: postgres.url, AVA_SECRET_KEY: secretKey };
  const server = await startServer('tenants', env);
  try {
    const [first, rest] = [tenants.slice(0, WARM_UP), tenants.slice(WARM_UP)];
    const before = await touch(server, first, 50);
    const settled = await touch(server, rest.slice(0, WITH_SETTINGS), WITH_SETTINGS);
    const after = await touch(server, rest.slice(WITH_SETTINGS), 0);
    await delay(IDLE_MS);
    report(before, settled, after, await touch(server, tenants.slice(-10), 0, false));
  } finally {
    server.stop();
  }
}

async function touch(server: Measured, tenants: string[], settings: number, collects = true): Promise<Memory> {
  const memory = (await server.tell({ tenants, settings, collects })) as Memory;
  if (memory.failed > 0) throw new Error(`${memory.failed} of ${tenants.length} tenants could not be served`);
  return memory;
}

function report(before: Memory, settled: Memory, after: Memory, idle: Memory): void {
  const grown = isFull ? after.rss - before.rss : after.heapUsed - before.heapUsed;
  const perTenant = Math.round(grown / TENANTS);
  const ratio = idle.rss / before.rss;
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  const steps = [before, settled, after, idle].map(({ rss, heapUsed }) => `${mb(rss)} (heap ${mb(heapUsed)})`);
  const settings = Math.round((settled.heapUsed - before.heapUsed) / WITH_SETTINGS);
  console.log(
    `RSS MB before, after ${WITH_SETTINGS} with settings, after ${TENANTS} in all, idle: ${steps.join(', ')}; ${settings} bytes of heap for a tenant whose settings are kept`,
  );
  printResult({
    id: 'R35',
    value: `${perTenant}; ${ratio.toFixed(2)}`,
    unit: `bytes of ${isFull ? 'RSS' : 'heap'} a tenant; RSS after idle ÷ before`,
    goal: '300; 1.1',
    floor: '2,900; 1.3',
    pass: perTenant <= 2_900 && ratio <= 1.3,
    n: TENANTS,
  });
}
