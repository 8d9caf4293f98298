/** `npm run bench [name …] [--full]`: runs the benches one after the other; each prints its RESULT lines. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const benches = readdirSync(folder).filter(
  (file) => file.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))),
);

for (const bench of benches) {
  console.log(`\n${bench}`);
  const { status } = spawnSync(process.execPath, [folder + bench, ...flags], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
