/** Callers while Vapi fails in every way in turn and AVA is killed among them; `bench/storm.bench.ts` has the full profile. */
import { expect, it } from 'vitest';
import { printResult, seededRandom, testScale, testSeed } from '../harness/result.ts';
import { runCallStorm } from './call-storm.ts';

const CALLS = 48 * testScale();
const KILLS = 2 * testScale();
/** AVA waits four seconds for Vapi at most; more than twice as long is no slow machine but a wait that nothing ends. */
const MOST_SILENCE_MS = 10_000;

it(
  'no caller hears an error while Vapi breaks in every way and AVA is killed in the middle of calls',
  { timeout: 300_000 * testScale() },
  async () => {
    const seed = testSeed();
    const order = { calls: CALLS, kills: KILLS, everyMs: 80, random: seededRandom(seed) };
    await runCallStorm(order, async ({ results, whileDead }) => {
      const failed = results.filter((call) => call.heardError || call.outcome === 'error');
      const silenceMs = Math.max(...results.map((call) => call.longestSilenceMs));
      printResult({
        id: 'R22 storm',
        value: `${results.length} calls; ${KILLS} kills; ${failed.length}; ${(silenceMs / 1000).toFixed(1)} s`,
        unit: 'calls; kills; heard an error; longest silence',
        goal: '1000; 25; 0; 3 s',
        floor: '48; 2; 0; 3 s',
        pass: failed.length === 0 && silenceMs <= 3_000,
        n: results.length,
        seed,
      });
      expect(failed).toEqual([]);
      expect(silenceMs, 'nobody was left by the assistant').toBeGreaterThan(0);
      expect(results.filter((call) => call.longestSilenceMs > MOST_SILENCE_MS)).toEqual([]);
      expect(results).toHaveLength(CALLS);
      expect(whileDead).toBeGreaterThan(0);
    });
  },
);
