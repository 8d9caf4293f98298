/**
 * No caller ever hears an error: calls while Vapi fails in every way in turn, and AVA, a process of its own on a database
 * of its own, is killed and started again. 150 calls and 6 kills; `--full`: 1,000 and 25. Prints what callers heard, and
 * how many calls AVA does not have after it has compared itself with the vendors.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { runCallStorm, type StormReport } from '../test/faults/call-storm.ts';
import { printResult, seededRandom, testSeed } from '../test/harness/result.ts';
import { until } from '../test/harness/until.ts';

const isFull = process.argv.includes('--full');
const CALLS = isFull ? 1_000 : 150;
const KILLS = isFull ? 25 : 6;
const LONGEST_SILENCE_MS = 3_000;
const QUIET = { info: () => {}, warn: () => {} };
const seed = testSeed();

const dir = mkdtempSync(path.join(tmpdir(), 'ava-storm-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: QUIET });
try {
  await migrate({ url: postgres.url, log: QUIET });
  const order = { calls: CALLS, kills: KILLS, everyMs: 200, random: seededRandom(seed), databaseUrl: postgres.url };
  await runCallStorm(order, report);
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function report({ results, kills, whileDead, unaccounted }: StormReport): Promise<void> {
  const errors = results.filter((call) => call.heardError);
  const silence = Math.max(...results.map((call) => call.longestSilenceMs));
  const outcomes: Record<string, number> = {};
  for (const { outcome } of results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  console.log(JSON.stringify({ outcomes, 'answered or rescued by the static host': whileDead }));
  for (const call of errors.slice(0, 5)) console.log(JSON.stringify(call));
  for (const call of results.filter((one) => one.longestSilenceMs > LONGEST_SILENCE_MS).slice(0, 5))
    console.log(JSON.stringify(call));
  let missing: string[] = [];
  await until('every call is accounted for', async () => (missing = await unaccounted()).length === 0, 240_000).catch(
    () => {},
  );
  printResult({
    id: 'storm',
    value: `${results.length} calls; ${kills} kills; ${errors.length}; ${(silence / 1000).toFixed(1)} s; ${missing.length}`,
    unit: 'calls; kills; heard an error; longest silence; not accounted for',
    goal: '1000; 25; 0; 3 s; 0',
    floor: '1000; 25; 0; 3 s; 0',
    pass: errors.length === 0 && silence <= LONGEST_SILENCE_MS && missing.length === 0,
    n: results.length,
    seed,
  });
}
