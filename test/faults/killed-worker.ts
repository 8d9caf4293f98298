/** Kills a worker with many jobs running, and watches what another one makes of them (R30). */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '../../src/db/connect.ts';
import { systemClock } from '../../src/clock.ts';
import { createEffects } from '../../src/features/effects/effects.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { runInContext } from '../../src/correlation.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';

export type Task = { number: number };
export type Aftermath = {
  /** From the kill until every job ran again. */
  seconds: number;
  doubled: number;
  stuck: number;
};

const QUEUE = 'tasks';
const PROGRAM = fileURLToPath(new URL('killed-worker-process.ts', import.meta.url));
/** Time enough for a machine that does much else; what the figure allows is a minute. */
const PATIENCE_MS = 180_000;

/** `vendor` is a file that stands for somebody outside: each line is something that was done there. */
export async function killWorker(order: { url: string; vendor: string; jobs: number }): Promise<Aftermath> {
  const database = connectDatabase({ url: order.url, applicationName: 'killed-worker', role: 'ava_app' });
  const { tenantId } = await makeCaller(database);
  const numbers = Array.from({ length: order.jobs }, (_, number) => number);
  const putter = createJobs({ url: order.url, queues: [{ name: QUEUE }], isWorker: false });
  const ledger = openLedger({ ...order, tenantId });
  const victim = spawn(process.execPath, [PROGRAM, order.url, QUEUE, tenantId, order.vendor], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const heir = createJobs({ url: order.url, queues: [{ name: QUEUE }] });
  const again = new Set<number>();
  const done = new Set<number>();
  heir.work(
    QUEUE,
    async ({ data }) => {
      const { number } = data as Task;
      again.add(number);
      await ledger.act(number, async () => {});
      done.add(number);
    },
    { concurrency: 20 },
  );
  try {
    const taken = new Set<string>();
    victim.stdout.on('data', (said) =>
      String(said)
        .split('\n')
        .filter(Boolean)
        .forEach((one) => taken.add(one)),
    );
    await putter.start();
    for (const number of numbers) await putter.put(QUEUE, { number } satisfies Task);
    await until('every job is running', () => taken.size === order.jobs, PATIENCE_MS);
    await heir.start();
    const killedMs = performance.now();
    victim.kill('SIGKILL');
    await until('every job ran again', () => again.size === order.jobs, PATIENCE_MS).catch(() => {});
    const seconds = (performance.now() - killedMs) / 1_000;
    await until('every job is done', () => done.size === order.jobs, PATIENCE_MS).catch(() => {});
    const acts = readFileSync(order.vendor, 'utf8').split('\n').filter(Boolean);
    return {
      seconds,
      doubled: acts.length - new Set(acts).size,
      stuck: numbers.filter((one) => !done.has(one)).length,
    };
  } finally {
    victim.kill('SIGKILL');
    await Promise.all([heir.stop({ graceMs: 0 }), putter.stop({ graceMs: 0 })]);
    await ledger.close();
    await database.close();
  }
}

/** Acts outside once for each number, by the effect ledger; where nobody knows, it asks the vendor, as a placed call does. */
export function openLedger({ url, tenantId, vendor }: { url: string; tenantId: string; vendor: string }) {
  const db = connectDatabase({ url, applicationName: 'killed-worker', role: 'ava_app', connectTimeoutMs: 60_000 });
  const effects = createEffects({ db, clock: systemClock });
  return {
    async act(number: number, afterwards: () => Promise<void>): Promise<void> {
      const key = `task:${number}`;
      await runInContext({ correlationId: key }, async () => {
        const act = async () => {
          appendFileSync(vendor, `${number}\n`);
          await afterwards();
        };
        const { state } = await effects.once({ tenantId, key, kind: 'task' }, act);
        if (state === 'done') return;
        const effect = await effects.find(tenantId, key);
        if (!effect || !hasDone(vendor, number)) throw new Error(`nobody knows of task ${number}`);
        await effects.settle(effect, 'done', null);
      });
    },
    close: () => db.close(),
  };
}

function hasDone(vendor: string, number: number): boolean {
  return existsSync(vendor) && readFileSync(vendor, 'utf8').split('\n').includes(String(number));
}
