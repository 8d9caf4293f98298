/**
 * P07: how long a job waits, from before it is put until its handler starts, one at a time with pauses between; and how many
 * jobs a second are put by 256 callers at once and done by 256 workers, as in a busy fleet, beside how often the disk can
 * flush. Everything is on disk as in production: the job before `put` resolves, and that it is done. Measured on the disk as
 * it is, and on one held to a known number of flushes, where the disk decides and not the processor.
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
import { cpuUsOfTree } from './process.ts';
import { joinSlowDisk, SLOW_FLUSHES } from './slow-disk.ts';

const sizes = { '--glance': { lone: 60, many: 5_000 }, '--full': { lone: 1_000, many: 50_000 } };
const flag = process.argv.find((argument) => argument in sizes) as keyof typeof sizes | undefined;
const { lone, many } = flag === undefined ? { lone: 200, many: 10_000 } : sizes[flag];
const CALLERS = 256;
const WORKERS = 256;
/** So that the worker sleeps again before the next job comes. */
const PAUSE_MS = 25;
const QUEUES = [{ name: 'bench.lone' }, { name: 'bench.many' }];
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-jobs-'));
// Before the database is started: it belongs to the group of its parent.
const slow = joinSlowDisk(dir);
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
try {
  await migrate({ url: postgres.url, log: silent });
  const jobs = createJobs({ url: postgres.url, queues: QUEUES });
  const started = new Map<number, () => void>();
  const arrive = async ({ data }: { data: object }) => started.get((data as { index: number }).index)?.();
  jobs.work('bench.lone', arrive);
  jobs.work('bench.many', arrive, { concurrency: WORKERS });
  await jobs.start();
  const measure = async (id: string, flushes: number) => {
    const waits = await putAlone(jobs, started);
    const before = costs();
    const perSecond = await putMany(jobs, started);
    const [own, database] = costs().map((us, index) => Math.round((us - before[index]!) / many));
    console.log(`CPU a job, put and done: AVA ${own} µs, PostgreSQL ${database} µs`);
    report(id, { waits, perSecond, flushes });
  };
  try {
    await measure('P07', measureFlushes(dir));
    if (typeof slow === 'string') console.log(`P07 slow disk: not measured, ${slow}`);
    else {
      await measure('P07 slow disk', await slow.hold(SLOW_FLUSHES));
      slow.free();
    }
  } finally {
    await jobs.stop({ graceMs: 1_000 });
  }
} finally {
  await postgres.stop();
  if (typeof slow !== 'string') await slow.leave();
  rmSync(dir, { recursive: true, force: true });
}

function costs(): number[] {
  const { user, system } = process.cpuUsage();
  return [user + system, cpuUsOfTree(postgres.pid()!)];
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

function report(id: string, { waits, perSecond, flushes }: Figures): void {
  const [p50, p99] = [quantile(waits, 0.5), quantile(waits, 0.99)];
  const ratio = perSecond / flushes;
  printResult({
    id,
    value: `${p50.toFixed(1)} / ${p99.toFixed(1)} ms; ${ratio.toFixed(2)} (${Math.round(perSecond)}/s; fdatasync ${Math.round(flushes)}/s)`,
    unit: 'from put to start, p50 / p99; jobs/s over fdatasync/s',
    goal: '5 / 30; 5',
    floor: '100 / 500; 1',
    pass: p50 <= 100 && p99 <= 500 && ratio >= 1,
    n: lone + many,
  });
}
