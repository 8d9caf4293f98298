/** A process that takes one job and never finishes it; it says `taken` on stdout. For tests that kill it. */
import { createJobs } from '../../src/jobs/jobs.ts';

const [url = '', queue = ''] = process.argv.slice(2);
const jobs = createJobs({ url, queues: [{ name: queue }] });
jobs.work(queue, async () => {
  process.stdout.write('taken\n');
  await new Promise(() => {});
});
await jobs.start();
