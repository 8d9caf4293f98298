/**
 * P03: what the policy chain adds to a call that does nothing, in microseconds and bytes over the bare call, with the same chain of two general libraries in
 * the same run. Rounds are interleaved, and the median round counts. Run with `node --expose-gc bench/policy.bench.ts`.
 */
import {
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
// @ts-expect-error it comes without types
import CircuitBreaker from 'opossum';
import { printResult } from '../test/harness/result.ts';
import type { Figure } from '../test/harness/result.ts';
import { systemClock } from '../src/clock.ts';
import { createGuard } from '../src/resilience/guard.ts';
import type { GuardedCall } from '../src/resilience/guard.ts';
import { defaultGuardSettings } from '../src/resilience/guard-settings.ts';

const ROUNDS = 15;
const CALLS = 16_000;
/** As in a server that is in use; one after the other, every call would pay for the first and the last timer of its kind. */
const AT_ONCE = 16;
const goalsUs = { goal: '<= 2', floor: '<= 10' };

type Contestant = { name: string; call: () => Promise<unknown>; us: number[]; bytes: number[] };

const work = () => Promise.resolve(1);
const CALL: GuardedCall<number> = {
  upstream: 'vapi',
  credential: { key: 'key', tenant: 'tenant' },
  operation: 'assistant.get',
  repeatable: true,
  deadlineMs: 10_000,
  attemptTimeoutMs: 5_000,
  lane: 'api',
  attempt: work,
};
const contestants: Contestant[] = [
  contestant('bare', work),
  contestant('guard', guarded()),
  contestant('guard, circuit open', refused()),
  contestant('cockatiel', cockatiel()),
  contestant('opossum', opossum()),
];

for (const { call } of contestants) await time(call, CALLS);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const { call, us, bytes } of contestants) {
    us.push(await time(call, CALLS));
    bytes.push(await allocated(call));
  }
}

const [bare, ...measured] = contestants;
const [guard, open, ...peers] = measured.map(({ name, us, bytes }) => ({
  name,
  us: median(us) - median(bare!.us),
  bytes: median(bytes) - median(bare!.bytes),
}));
for (const peer of peers) {
  const ratio = guard!.us / peer.us;
  const unit = `us of the guard / us of ${peer.name} (${peer.us.toFixed(2)} us, ${peer.bytes.toFixed(0)} bytes)`;
  report({ id: `P03-vs-${peer.name}`, value: ratio.toFixed(2), unit, goal: 'reported', floor: 'reported', pass: true });
}
report({ id: 'P03-open', value: open!.us.toFixed(2), unit: 'us per refused call', ...goalsUs, pass: open!.us <= 10 });
report({ id: 'P03', value: guard!.us.toFixed(2), unit: 'us per call', ...goalsUs, pass: guard!.us <= 10 });
const goalsBytes = { goal: '<= 200', floor: '<= 2,000' };
report({
  id: 'P03-bytes',
  value: guard!.bytes.toFixed(0),
  unit: 'bytes per call',
  ...goalsBytes,
  pass: guard!.bytes <= 2_000,
});
process.exit(0);

function contestant(name: string, call: () => Promise<unknown>): Contestant {
  return { name, call, us: [], bytes: [] };
}

function guarded(): () => Promise<unknown> {
  const guard = createGuard({
    clock: systemClock,
    random: Math.random,
    emit: () => {},
    settings: defaultGuardSettings,
  });
  guard.upstream('vapi', {});
  return () => guard.run(CALL);
}

function refused(): () => Promise<unknown> {
  const guard = createGuard({
    clock: systemClock,
    random: Math.random,
    emit: () => {},
    settings: defaultGuardSettings,
  });
  guard.upstream('vapi', {});
  guard.isolate('vapi', { reason: 'bench', author: 'bench', forMs: null });
  return () => guard.run(CALL).catch(() => {});
}

function cockatiel(): () => Promise<unknown> {
  const policy = wrap(
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(3) }),
    timeout(5_000, TimeoutStrategy.Aggressive),
    bulkhead(64, 128),
  );
  return () => policy.execute(work);
}

/** Breaker, time-out and capacity; it has no retry. */
function opossum(): () => Promise<unknown> {
  const breaker = new CircuitBreaker(work, { timeout: 5_000, resetTimeout: 30_000, capacity: 64 });
  return () => breaker.fire();
}

/** Microseconds of processor time per call, with `AT_ONCE` under way. */
async function time(call: () => Promise<unknown>, calls: number): Promise<number> {
  const before = process.cpuUsage();
  await make(call, calls);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** Bytes allocated per call; few enough calls that no collection comes in between. */
async function allocated(call: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const calls = 640;
  const before = process.memoryUsage().heapUsed;
  await make(call, calls);
  return (process.memoryUsage().heapUsed - before) / calls;
}

async function make(call: () => Promise<unknown>, calls: number): Promise<void> {
  for (let made = 0; made < calls; made += AT_ONCE) {
    const underWay: Promise<unknown>[] = [];
    for (let index = 0; index < AT_ONCE; index += 1) underWay.push(call());
    for (const one of underWay) await one;
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function report(figure: Omit<Figure, 'n'>): void {
  printResult({ ...figure, n: ROUNDS * CALLS });
}
