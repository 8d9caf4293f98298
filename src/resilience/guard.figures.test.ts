/** Figures of the guard in one process: the half-open crowd, retry amplification, spread of retries, bulkheads. */
import { expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { printResult, seededRandom, testSeed } from '../../test/harness/result.ts';
import { createGuard } from './guard.ts';
import type { GuardedCall } from './guard.ts';
import { defaultGuardSettings } from './guard-settings.ts';
import { backoffMs } from './retry.ts';
import { UpstreamError } from './upstream-error.ts';
import type { ErrorKind } from './upstream-error.ts';

const turn = () => new Promise(setImmediate);

function setup({ breakerEnabled = true, budget = defaultGuardSettings.retry.budget, seed = testSeed() } = {}) {
  const clock = createHandClock();
  const breaker = { ...defaultGuardSettings.breaker, enabled: breakerEnabled };
  const retry = { ...defaultGuardSettings.retry, budget };
  const guard = createGuard({
    clock,
    random: seededRandom(seed),
    emit: () => {},
    settings: { ...defaultGuardSettings, breaker, retry },
  });
  for (const name of ['vapi', 'twilio']) guard.upstream(name, {});
  const seen = { hits: 0, underWay: 0, most: 0 };
  const call = <T>(attempt: () => Promise<T>, overrides: Partial<GuardedCall<T>> = {}) =>
    guard.run<T>({
      upstream: 'vapi',
      credential: { key: 'key-a', tenant: 'a' },
      operation: 'x',
      repeatable: true,
      deadlineMs: 10_000,
      attemptTimeoutMs: 10_000,
      lane: 'api',
      ...overrides,
      attempt: async () => {
        seen.hits += 1;
        seen.underWay += 1;
        seen.most = Math.max(seen.most, seen.underWay);
        return attempt().finally(() => (seen.underWay -= 1));
      },
    });
  return { clock, guard, call, seen, seed };
}

function failure(kind: ErrorKind, status: number, retryAfterMs?: number): UpstreamError {
  return new UpstreamError({
    kind,
    upstream: 'vapi',
    detail: `it answered ${status}`,
    connected: true,
    status,
    retryAfterMs,
  });
}

const broken = () => Promise.reject(failure('upstream', 500));

async function openedHouse() {
  const house = setup();
  for (let failure = 0; failure < 3; failure += 1) await house.call(broken, { maxAttempts: 1 }).catch(() => {});
  house.clock.advance(30_000);
  house.seen.hits = 0;
  return house;
}

test('a crowd of a thousand at a half-open circuit: one call reaches the upstream, the others are refused at once', async () => {
  const { call, seen, guard, clock } = await openedHouse();
  let release!: (error: unknown) => void;
  const held = () => new Promise<never>((_, reject) => (release = reject));
  const startedMs = performance.now();
  let refused = 0;
  let slowestMs = 0;
  const crowd = Array.from({ length: 1_000 }, () =>
    call(held, { maxAttempts: 1 }).catch((error: UpstreamError) => {
      if (error.kind !== 'circuit_open') return;
      refused += 1;
      slowestMs = performance.now() - startedMs;
    }),
  );
  await turn();
  expect([seen.hits, refused]).toEqual([1, 999]);
  release(failure('upstream', 500));
  await Promise.all(crowd);
  expect(guard.circuits()[0]?.state).toBe('open');

  clock.advance(30_000);
  const ok = () => Promise.resolve(1);
  await call(ok);
  await call(ok);
  seen.most = 0;
  await Promise.allSettled(Array.from({ length: 1_000 }, () => call(turn)));
  const { lanes, tenantShare } = defaultGuardSettings.bulkhead;
  const room = lanes.api * tenantShare;
  const pass = seen.most <= room;
  printResult({
    id: 'R03',
    value: `1 hit; ${refused} refused; ${seen.most} in flight after it closed (bulkhead ${room}); all refused within ${slowestMs.toFixed(0)} ms`,
    unit: 'upstream calls; refused; most in flight',
    goal: '1; 999; <= bulkhead',
    floor: '1; 999; <= 2x bulkhead',
    pass,
    n: 1_000,
  });
  expect(pass).toBe(true);
});

test.each([true, false])(
  'a vendor that always fails is not hit much more often than callers ask (breakers on: %s)',
  async (breakerEnabled) => {
    const { call, clock, seen, seed } = setup({ breakerEnabled });
    const perRequest: number[] = [];
    const requests = 50 * 60;
    for (let request = 0; request < requests; request += 1) {
      let attempts = 0;
      call(() => ((attempts += 1), (perRequest[request] = attempts), broken())).catch(() => {});
      clock.advance(20);
      await turn();
    }
    for (let second = 0; second < 12; second += 1) {
      clock.advance(1_000);
      await turn();
    }
    const ratio = seen.hits / requests;
    const most = Math.max(...perRequest.filter(Boolean));
    const pass = ratio <= 1.1 && most <= 3;
    const value = `${ratio.toFixed(3)}; ${most}`;
    const id = breakerEnabled ? 'R09' : 'R09-without-breakers';
    printResult({
      id,
      value,
      unit: 'upstream / client requests; most attempts of one',
      goal: '<= 1.10; 3',
      floor: '<= 1.20; 3',
      pass,
      n: requests,
      seed,
    });
    expect(pass).toBe(true);
  },
);

test('a thousand callers that fail together come back spread out, and none before the time they were told', () => {
  const seed = testSeed();
  const random = seededRandom(seed);
  const retryAfterMs = 2_000;
  let worst = 0;
  let early = 0;
  for (const attempt of [1, 2]) {
    const delays = Array.from({ length: 1_000 }, () =>
      backoffMs(attempt, retryAfterMs, defaultGuardSettings.retry, random),
    ).toSorted((a, b) => a - b);
    early += delays.filter((delay) => delay < retryAfterMs).length;
    const widthMs = defaultGuardSettings.retry.baseMs * 2 ** (attempt - 1);
    const mean = 1_000 / (widthMs / 100);
    let most = 0;
    for (let first = 0, last = 0; last < delays.length; last += 1) {
      while (delays[last]! - delays[first]! > 100) first += 1;
      most = Math.max(most, last - first + 1);
    }
    worst = Math.max(worst, most / mean);
  }
  const pass = worst <= 1.5 && early === 0;
  printResult({
    id: 'R10',
    value: `${worst.toFixed(2)}; ${early}`,
    unit: 'largest share in any 100 ms / mean; earlier than Retry-After',
    goal: '<= 1.5; 0',
    floor: '<= 2.5; 0',
    pass,
    n: 2_000,
    seed,
  });
  expect(pass).toBe(true);
});

test('no caller goes back to a vendor before the time it asked for', async () => {
  const { call, clock, seed } = setup({ budget: { earnedPerRequest: 1, freePerSecond: 0, savedAtMost: 1_000 } });
  let repeats = 0;
  let early = 0;
  const callers = Array.from({ length: 1_000 }, (_, index) => {
    let saidAtMs: number | undefined;
    const busy = () => {
      if (saidAtMs !== undefined) {
        repeats += 1;
        if (clock.monotonicMs() - saidAtMs < 3_000) early += 1;
      }
      saidAtMs = clock.monotonicMs();
      return Promise.reject(failure('rate_limited', 429, 3_000));
    };
    return call(busy, { credential: { key: `k${index}`, tenant: `t${index}` } }).catch(() => {});
  });
  for (let tick = 0; tick < 1_200; tick += 1) {
    await turn();
    clock.advance(10);
  }
  await Promise.all(callers);
  const pass = early === 0 && repeats > 100;
  const unit = 'retries earlier than Retry-After';
  printResult({ id: 'R10-retry-after', value: early, unit, goal: '0', floor: '0', pass, n: repeats, seed });
  expect(pass).toBe(true);
});

test('while one vendor hangs with five hundred callers, the other lanes and vendors answer as before', async () => {
  const { call, clock } = setup();
  const hanging = () => new Promise<never>(() => {});
  const crowd = Array.from({ length: 500 }, (_, index) =>
    call(hanging, { credential: { key: `k${index}`, tenant: `t${index}` } }).catch(() => {}),
  );
  await turn();
  let errors = 0;
  const before = clock.monotonicMs();
  for (let index = 0; index < 1_000; index += 1) {
    const ok = () => Promise.resolve(index);
    const others = [call(ok, { upstream: 'twilio' }), call(ok, { lane: 'call' }), call(ok, { lane: 'webhook' })];
    errors += (await Promise.allSettled(others)).filter(({ status }) => status === 'rejected').length;
  }
  const waitedMs = clock.monotonicMs() - before;
  const pass = errors === 0 && waitedMs === 0;
  printResult({
    id: 'R12-guard',
    value: `${errors} errors; waited ${waitedMs} ms`,
    unit: 'of other vendors and lanes',
    goal: '0; 0',
    floor: '0; 0',
    pass,
    n: 3_000,
  });
  clock.advance(10_000);
  await Promise.all(crowd);
  expect(pass).toBe(true);
});

test('a tenant that asks for fifty times its share does not slow its neighbour down', async () => {
  const { call, clock } = setup();
  const slow = () => new Promise<number>((resolve) => clock.setTimer(200, () => resolve(1)));
  let errors = 0;
  const waits: number[] = [];
  for (let second = 0; second < 20; second += 1) {
    for (let index = 0; index < 800; index += 1)
      call(slow, { credential: { key: 'noisy', tenant: 'noisy' } }).catch(() => {});
    const startedMs = clock.monotonicMs();
    call(slow, { credential: { key: 'quiet', tenant: 'quiet' } }).then(
      () => waits.push(clock.monotonicMs() - startedMs),
      () => (errors += 1),
    );
    for (let tick = 0; tick < 20; tick += 1) {
      await turn();
      clock.advance(50);
    }
  }
  const ratio = Math.max(...waits) / 200;
  const pass = errors === 0 && ratio <= 1.5 && waits.length === 20;
  printResult({
    id: 'R13-guard',
    value: `${ratio.toFixed(2)}; ${errors}`,
    unit: "the neighbour's slowest / alone; its errors",
    goal: '<= 1.5; 0',
    floor: '<= 3; 0',
    pass,
    n: waits.length,
  });
  expect(pass).toBe(true);
});
