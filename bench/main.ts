/**
 * `npm run bench [name …] [--full | --glance]`: runs the benches one after the other; each prints its RESULT lines.
 * `--full` measures longer, `--glance` so briefly that it can end each run of the tests.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LONGEST_BENCH_MS = (process.argv.includes('--full') ? 120 : 30) * 60_000;
const folder = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const benches = readdirSync(folder).filter(
  (file) => file.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))),
);

for (const bench of benches) {
  console.log(`\n${bench}`);
  const { status } = spawnSync(process.execPath, [folder + bench, ...flags], {
    stdio: 'inherit',
    timeout: LONGEST_BENCH_MS,
  });
  if (status !== 0) process.exitCode = 1;
}
