/**
 * R28 and R26, the proof that three replicas behave as one: with `--full` twenty updates and as many rollbacks under reads,
 * webhooks, live updates and telephone calls, and R8 a thousand times over; else one of each. It runs the tests of test/fleet
 * themselves, larger; a busy machine needs about an hour for all of it, a quiet one less than half.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const isFull = process.argv.includes('--full');
const parts = [
  { file: 'test/fleet/rolling.test.ts', scale: 20 },
  { file: 'test/fleet/limits.test.ts', scale: 10 },
];

for (const { file, scale } of parts) {
  const env = { ...process.env, AVA_TEST_SCALE: isFull ? String(scale) : '1' };
  const { status } = spawnSync(process.execPath, ['bin/test.mjs', file], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
