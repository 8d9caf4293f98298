/** When a watch calls a route slow: a model of an hour, the clock passed in. */
import { describe, expect, it } from 'vitest';
import { seededRandom, testScale, testSeed } from '../../../test/harness/result.ts';
import { baselineOf, judgePace, keepPace, type Pace, paceRules } from './pace.ts';
import type { Counters } from './counters.ts';

const ROUTE = '/api/v1/calls';
const EVERY_MS = 15_000;
const HOUR_MS = 3_600_000;

/** `fast` of `count` requests within 500 ms, the others within a second. */
const counters = (count: number, fast: number): Counters => ({
  [`count ${ROUTE}`]: count,
  [`within 0.25 ${ROUTE}`]: fast,
  [`within 0.5 ${ROUTE}`]: fast,
  [`within 1 ${ROUTE}`]: count,
});

type Hour = { isSlow(atMs: number): boolean; forMs?: number; everyMs?: number; perLook?: number; before?: Counters };

/** Looks on time; answers how it stands at each look. */
function watch({ isSlow, forMs = HOUR_MS, everyMs = EVERY_MS, perLook = 30, before = {} }: Hour) {
  const baseline = baselineOf(before);
  const verdicts: { atMs: number; state: string }[] = [];
  let pace: Pace = {};
  let [count, fast] = [0, 0];
  for (let atMs = everyMs; atMs <= forMs; atMs += everyMs) {
    count += perLook;
    fast += isSlow(atMs) ? Math.floor(perLook * 0.9) : perLook;
    pace = keepPace(pace, counters(count, fast), { ...paceRules(forMs), baseline, nowMs: atMs });
    verdicts.push({ atMs, state: judgePace(pace)?.state ?? 'nothing' });
  }
  return { redAtMs: verdicts.find(({ state }) => state === 'fail')?.atMs, pace, last: verdicts.at(-1)!.state };
}

describe('the pace of a watch', () => {
  it('is red where P95 stays at 600 ms: after five minutes in an hour, after half of a short watch', () => {
    const { redAtMs } = watch({ isSlow: () => true });
    expect(redAtMs).toBeGreaterThanOrEqual(300_000);
    expect(redAtMs).toBeLessThanOrEqual(400_000);
    const short = watch({ isSlow: () => true, forMs: 20_000, everyMs: 1000 });
    expect(short.redAtMs).toBeGreaterThanOrEqual(10_000);
    expect(short.last).toBe('fail');
  });

  it('lets a machine be starved for a moment, and says so', () => {
    const { pace, last } = watch({ isSlow: (atMs) => atMs > 600_000 && atMs <= 780_000 });
    expect(last).toBe('pass');
    expect(judgePace(pace)?.detail).toContain('but for a moment /api/v1/calls');
  });

  it('is red where a route is slow again and again, though never for long', () => {
    expect(watch({ isSlow: (atMs) => Math.floor(atMs / 60_000) % 5 !== 0 }).redAtMs).toBeDefined();
  });

  it('lets a route be slow that was slow before, but not slower', () => {
    const before = counters(1000, 800);
    expect(watch({ isSlow: () => true, before }).last).toBe('pass');
    expect(watch({ isSlow: () => true, before: counters(1000, 960) }).last).toBe('fail');
  });

  it('holds where the only window was slow, and says nothing without enough requests', () => {
    expect(watch({ isSlow: () => true, perLook: 10, forMs: 30_000 }).last).toBe('hold');
    expect(watch({ isSlow: () => true, perLook: 0 }).last).toBe('nothing');
  });

  it('stays red once it was, whatever comes after', () => {
    expect(watch({ isSlow: (atMs) => atMs < 600_000 }).last).toBe('fail');
  });

  it('whenever it is slow: never for less than three minutes, always for more than eight', () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    for (let round = 0; round < 200 * testScale(); round += 1) {
      const beginsMs = 600_000 + random() * 1_500_000;
      const slowMs = random() * 720_000;
      const perLook = 20 + Math.floor(random() * 100);
      const isSlow = (atMs: number) => atMs > beginsMs && atMs <= beginsMs + slowMs;
      const { redAtMs } = watch({ isSlow, perLook });
      const told = `seed ${seed}: slow for ${slowMs} ms from ${beginsMs}, ${perLook} requests a look`;
      if (slowMs < 180_000) expect(redAtMs, told).toBeUndefined();
      if (slowMs > 480_000) expect(redAtMs, told).toBeLessThan(beginsMs + 480_000);
    }
  });
});
