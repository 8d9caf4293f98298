/**
 * P07: how long a job waits, from before it is put until its handler starts, one at a time with pauses between; and how many
 * jobs a second are put by 16 callers at once and done by 8 workers, beside how often the disk can flush. Everything is on
 * disk as in production: the job before `put` resolves, and that it is done.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { createJobs, type Jobs } from '../src/jobs/jobs.ts';
import { printResult } from '../test/harness/result.ts';
import { measureFlushes } from './flushes.ts';
import { quantile } from './load.ts';

const sizes = { '--glance': { lone: 60, many: 500 }, '--full': { lone: 1_000, many: 20_000 } };
const flag = process.argv.find((argument) => argument in sizes) as keyof typeof sizes | undefined;
const { lone, many } = flag === undefined ? { lone: 200, many: 2_000 } : sizes[flag];
const CALLERS = 16;
const WORKERS = 8;
/** So that the worker sleeps again before the next job comes. */
const PAUSE_MS = 25;
const QUEUES = [{ name: 'bench.lone' }, { name: 'bench.many' }];
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-jobs-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
try {
  await migrate({ url: postgres.url, log: silent });
  const jobs = createJobs({ url: postgres.url, queues: QUEUES, maxConnections: CALLERS + WORKERS });
  const started = new Map<number, () => void>();
  const arrive = async ({ data }: { data: object }) => started.get((data as { index: number }).index)?.();
  jobs.work('bench.lone', arrive);
  jobs.work('bench.many', arrive, { concurrency: WORKERS });
  await jobs.start();
  try {
    const flushes = measureFlushes(dir);
    report({ waits: await putAlone(jobs, started), perSecond: await putMany(jobs, started), flushes });
  } finally {
    await jobs.stop({ graceMs: 1_000 });
  }
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function putAlone(jobs: Jobs, started: Map<number, () => void>): Promise<number[]> {
  const waits: number[] = [];
  for (let index = 0; index < lone; index += 1) {
    const arrived = new Promise<void>((resolve) => void started.set(index, resolve));
    const putMs = performance.now();
    await jobs.put('bench.lone', { index });
    await arrived;
    waits.push(performance.now() - putMs);
    await wait(PAUSE_MS);
  }
  return waits;
}

async function putMany(jobs: Jobs, started: Map<number, () => void>): Promise<number> {
  let done = 0;
  const all = new Promise<void>((resolve) => {
    for (let index = 0; index < many; index += 1) started.set(index, () => void (++done === many && resolve()));
  });
  let next = 0;
  const caller = async () => {
    while (next < many) await jobs.put('bench.many', { index: next++ });
  };
  const startedMs = performance.now();
  await Promise.all([all, ...Array.from({ length: CALLERS }, caller)]);
  return many / ((performance.now() - startedMs) / 1000);
}

type Figures = { waits: number[]; perSecond: number; flushes: number };

function report({ waits, perSecond, flushes }: Figures): void {
  const [p50, p99] = [quantile(waits, 0.5), quantile(waits, 0.99)];
  const ratio = perSecond / flushes;
  printResult({
    id: 'P07',
    value: `${p50.toFixed(1)} / ${p99.toFixed(1)} ms; ${ratio.toFixed(2)} (${Math.round(perSecond)}/s; fdatasync ${Math.round(flushes)}/s)`,
    unit: 'from put to start, p50 / p99; jobs/s over fdatasync/s',
    goal: '5 / 30; 5',
    floor: '100 / 500; 1',
    pass: p50 <= 100 && p99 <= 500 && ratio >= 1,
    n: lone + many,
  });
}
