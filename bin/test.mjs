#!/usr/bin/env node
/** `npm test`: installs what is missing, runs the static checks and all tests, and ends with the count on its own line. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureDashboard } from './bootstrap/dashboard.mjs';
import { ensureInstalled, root } from './bootstrap/install.mjs';
import { environment, findNode, runChild } from './bootstrap/run-child.mjs';
import { ensureSystemTools } from './bootstrap/system-tools.mjs';

const WHOLE_RUN_MS = 65 * 60_000;
const STATIC_CHECKS = [
  { name: 'types of the server', command: 'tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  {
    name: 'types of the dashboard',
    command: 'tsc',
    args: ['--noEmit', '-p', 'src/web/tsconfig.json'],
    needs: 'src/web/tsconfig.json',
  },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--quiet'] },
  { name: 'format', command: 'oxfmt', args: ['--check', '.'] },
];

const FIGURES = ['overhead', 'policy', 'auth', 'webhook-ingest', 'jobs', 'start'];

const say = (line) => console.log(line);
const only = process.argv.slice(2);
const total = { passed: 0, failed: 0 };

try {
  await ensureInstalled({ needsDevelopment: true });
  const leftOut = ensureSystemTools(say);
  if (only.length === 0) await runStaticChecks();
  // Once, before tests that run beside each other would build it at the same time.
  await ensureDashboard();
  const { skipped, secondTry } = await runTests();
  if (only.length === 0) await printFigures();
  for (const name of secondTry) say(`Passed only on a second try: ${name}`);
  for (const name of skipped) say(`Skipped: ${name}`);
  for (const sentence of leftOut) say(`Left out: ${sentence}`);
} catch (error) {
  say(error.message);
  total.failed += 1;
}
process.exitCode = total.failed > 0 ? 1 : 0;
say(`${total.passed} passed, ${total.failed} failed`);

async function runStaticChecks() {
  for (const check of STATIC_CHECKS) {
    if (check.needs && !existsSync(path.join(root, check.needs))) continue;
    say(`Checking ${check.name} ...`);
    const code = await runChild(check.command, check.args, {
      cwd: root,
      stdio: ['ignore', 1, 1],
      env: testEnvironment(),
    });
    total[code === 0 ? 'passed' : 'failed'] += 1;
    if (code !== 0) say(`Check failed: ${check.name}`);
  }
}

/** The figures of speed, measured once the machine is quiet. None of them decides; a bench that does not run to its end does. */
async function printFigures() {
  say('Measuring ...');
  const code = await runChild(findNode(), [path.join(root, 'bench', 'main.ts'), ...FIGURES, '--glance'], {
    cwd: root,
    stdio: ['ignore', 1, 1],
    env: environment(),
  });
  total[code === 0 ? 'passed' : 'failed'] += 1;
  if (code !== 0) say('Check failed: a bench did not run to its end');
}

async function runTests() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ava-test-'));
  const counts = path.join(folder, 'counts.json');
  try {
    const code = await runVitest(counts);
    if (!existsSync(counts)) throw new Error(`The tests ended early, with exit code ${code}.`);
    const result = JSON.parse(readFileSync(counts, 'utf8'));
    total.passed += result.passed;
    total.failed += code !== 0 && result.failed === 0 ? 1 : result.failed;
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runVitest(counts) {
  say('Running the tests ...');
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${path.join(root, 'bin', 'bootstrap', 'count-reporter.mjs')}`];
  const giveUp = AbortSignal.timeout(WHOLE_RUN_MS);
  return runChild(findNode(), [vitest, 'run', ...reporters, ...only], {
    cwd: root,
    stdio: ['ignore', 1, 1],
    env: { ...testEnvironment(), AVA_TEST_COUNTS: counts },
    signal: giveUp,
    killSignal: 'SIGKILL',
  });
}

function testEnvironment() {
  return { ...environment(), NO_COLOR: '1', AVA_ENV: 'test' };
}
