/**
 * A worker that takes jobs and finishes none: a third has not acted yet, a third has acted, and a third is in the middle
 * of it, done by the vendor but not known to be. It says the number of each on stdout once it is where it stays.
 */
import { createJobs } from '../../src/jobs/jobs.ts';
import { openLedger, type Task } from './killed-worker.ts';

const [url = '', queue = '', tenantId = '', vendor = ''] = process.argv.slice(2);
const ledger = openLedger({ url, tenantId, vendor });
const jobs = createJobs({ url, queues: [{ name: queue }], maxConnections: 10 });
const stay = (number: number) => {
  process.stdout.write(`${number}\n`);
  return new Promise<never>(() => {});
};

jobs.work(
  queue,
  async ({ data }) => {
    const { number } = data as Task;
    const stage = number % 3;
    if (stage === 0) await stay(number);
    await ledger.act(number, stage === 1 ? () => stay(number) : async () => {});
    await stay(number);
  },
  { concurrency: 200 },
);
await jobs.start();
