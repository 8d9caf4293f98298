import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../../test/harness/database.ts';
import { createJobs } from './jobs.ts';

it('gives the job of a worker that was killed to another one, within a minute', async () => {
  const test = await createTestDatabase();
  const program = fileURLToPath(new URL('../../test/harness/job-worker.ts', import.meta.url));
  const victim = spawn(process.execPath, [program, test.url, 'calls'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const jobs = createJobs({ url: test.url, queues: [{ name: 'calls' }] });
  try {
    const taken = new Promise((resolve) => victim.stdout.once('data', resolve));
    const redone = new Promise<number>((resolve) => jobs.work('calls', async (job) => resolve(job.attempt)));
    const putter = createJobs({ url: test.url, queues: [{ name: 'calls' }], isWorker: false });
    await putter.start();
    await putter.put('calls', { call: 1 });
    await putter.stop({ graceMs: 0 });
    await taken;
    await jobs.start();

    const killedAt = performance.now();
    victim.kill('SIGKILL');
    expect(await redone).toBe(2);
    const seconds = ((performance.now() - killedAt) / 1_000).toFixed(1);
    console.log(`RESULT R21 job of a killed worker runs again after ${seconds} s (limit 60)`);
  } finally {
    victim.kill('SIGKILL');
    await jobs.stop({ graceMs: 0 });
    await test.drop();
  }
}, 60_000);
