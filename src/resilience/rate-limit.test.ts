import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { printResult, testScale, testSeed } from '../../test/harness/result.ts';
import { createMemoryRateLimiter, EXACT_UP_TO } from './rate-limit.ts';

const WINDOW_MS = 60_000;

function setup(maxKeys?: number) {
  const clock = createHandClock();
  const limiter = createMemoryRateLimiter({ clock, ...(maxKeys !== undefined && { maxKeys }) });
  const take = (limit: number, key = 'ann|settings') => limiter.takeNow({ key, limit, windowMs: WINDOW_MS });
  return { clock, limiter, take };
}

/** The most allowed requests that any window of 60 s holds. */
function mostInAnyWindow(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while (times[last]! - times[first]! >= WINDOW_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('ten a minute', () => {
  test('the first ten of fifteen pass, and the answers tell the truth', () => {
    const { take, clock } = setup();
    const answers = Array.from({ length: 15 }, () => {
      clock.advance(10);
      return take(10);
    });
    expect(answers.map(({ allowed }) => allowed)).toEqual([
      ...Array<boolean>(10).fill(true),
      ...Array<boolean>(5).fill(false),
    ]);
    expect(answers.map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0]);
    expect(answers[0]).toEqual({ allowed: true, limit: 10, remaining: 9, resetMs: 60_000, retryAfterMs: 0 });
    expect(answers[14]).toEqual({ allowed: false, limit: 10, remaining: 0, resetMs: 59_860, retryAfterMs: 59_860 });
  });

  test('no twenty pass across the edge of a minute', () => {
    const { take, clock } = setup();
    clock.advance(59_000);
    for (let index = 0; index < 10; index += 1) take(10);
    clock.advance(2_000);
    expect(take(10).allowed).toBe(false);
  });

  test('refused requests do not count, so waiting as told is enough', () => {
    const { take, clock } = setup();
    for (let index = 0; index < 10; index += 1) take(10);
    let refused = take(10);
    for (let index = 0; index < 100; index += 1) {
      clock.advance(100);
      refused = take(10);
    }
    clock.advance(refused.retryAfterMs - 1);
    expect(take(10).allowed).toBe(false);
    clock.advance(1);
    expect(take(10).allowed).toBe(true);
  });

  test('each key has its own ten', () => {
    const { take } = setup();
    for (let index = 0; index < 10; index += 1) take(10);
    expect(take(10, 'bob|settings').allowed).toBe(true);
  });

  test('a limit that was lowered tells when a place is really free', () => {
    const { take, clock } = setup();
    for (let index = 0; index < 10; index += 1) {
      take(10);
      clock.advance(1_000);
    }
    const { retryAfterMs } = take(5);
    clock.advance(retryAfterMs - 1);
    expect(take(5).allowed).toBe(false);
    clock.advance(1);
    expect(take(5).allowed).toBe(true);
  });
});

test('however requests come, no window holds more than the limit, and every Retry-After comes true', () => {
  const seed = testSeed();
  const numRuns = 300 * testScale();
  let requests = 0;
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(50), fc.nat(8_000), fc.constantFrom(59_999, 60_000, 60_001)), {
    minLength: 1,
    maxLength: 300,
    size: 'max',
  });
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 5, 10, 60), gaps, (limit, waits) => {
      const { take, clock } = setup();
      const allowed: number[] = [];
      let freeAtMs = 0;
      for (const wait of waits) {
        clock.advance(wait);
        requests += 1;
        const nowMs = clock.monotonicMs();
        const answer = take(limit);
        const used = allowed.filter((atMs) => nowMs - atMs < WINDOW_MS).length;
        expect(answer.allowed).toBe(used < limit);
        if (nowMs < freeAtMs) expect(answer.allowed).toBe(false);
        if (answer.allowed) allowed.push(nowMs);
        else freeAtMs = nowMs + answer.retryAfterMs;
        expect(answer.remaining).toBe(Math.max(0, limit - used - (answer.allowed ? 1 : 0)));
      }
      expect(mostInAnyWindow(allowed)).toBeLessThanOrEqual(limit);
    }),
    { seed, numRuns },
  );
  printResult({
    id: 'R26-exact',
    value: 0,
    unit: 'windows above the limit',
    goal: '0',
    floor: '0',
    pass: true,
    n: requests,
    seed,
  });
});

describe('large limits', () => {
  test('a thousand a minute is exact', () => {
    const { take, clock } = setup();
    const allowed: number[] = [];
    for (let index = 0; index < 5_000; index += 1) {
      clock.advance(37);
      if (take(EXACT_UP_TO).allowed) allowed.push(clock.monotonicMs());
    }
    expect(mostInAnyWindow(allowed)).toBe(EXACT_UP_TO);
  });

  test('above that no window holds more than the limit, and nearly all of it is given', () => {
    const { take, clock } = setup();
    const allowed: number[] = [];
    for (let index = 0; index < 60_000; index += 1) {
      clock.advance(3);
      if (take(10_000).allowed) allowed.push(clock.monotonicMs());
    }
    expect(mostInAnyWindow(allowed)).toBe(10_000);
    expect(allowed.length).toBeGreaterThan(29_000);
  });

  test('requests of one step leave the window with the last of them', () => {
    const { take, clock } = setup();
    take(1_001);
    clock.advance(59);
    for (let index = 0; index < 1_000; index += 1) take(1_001);
    clock.advance(59_999);
    expect(take(1_001).allowed).toBe(false);
    clock.advance(2);
    expect(take(1_001).allowed).toBe(true);
  });

  test('Retry-After comes true above that too', () => {
    const { take, clock } = setup();
    while (take(2_000).allowed) clock.advance(1);
    clock.advance(take(2_000).retryAfterMs);
    expect(take(2_000).allowed).toBe(true);
  });

  test('a key keeps its count when its limit passes from exact to large', () => {
    const { take } = setup();
    for (let index = 0; index < 10; index += 1) take(10);
    expect(take(2_000).remaining).toBe(1_989);
    expect(take(10).allowed).toBe(false);
  });
});

describe('memory', () => {
  test('keys whose window is over are forgotten as others come', () => {
    const { take, clock, limiter } = setup();
    for (let user = 0; user < 1_000; user += 1) take(10, `user-${user}`);
    clock.advance(WINDOW_MS);
    for (let user = 0; user < 1_000; user += 1) take(10, `other-${user}`);
    expect(limiter.size).toBeLessThanOrEqual(1_001);
  });

  test('keys whose window is over are forgotten at once where nobody comes, and no others', () => {
    const { take, clock, limiter } = setup();
    for (let user = 0; user < 1_000; user += 1) take(10, `user-${user}`);
    clock.advance(WINDOW_MS / 2);
    for (const _ of Array.from({ length: 10 })) take(10, 'late');
    clock.advance(WINDOW_MS / 2);
    limiter.forgetExpired();
    expect(limiter.size).toBe(1);
    expect(take(10, 'late').allowed).toBe(false);
  });

  test('the number of keys is bounded', () => {
    const { take, limiter } = setup(100);
    for (let user = 0; user < 1_000; user += 1) take(10, `user-${user}`);
    expect(limiter.size).toBeLessThanOrEqual(100);
  });
});
