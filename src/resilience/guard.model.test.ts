/** The whole guard against a vendor that fails in random ways: what reaches the upstream must obey the circuits. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { printResult, testScale, testSeed } from '../../test/harness/result.ts';
import type { ResilienceFact } from './facts.ts';
import { createGuard } from './guard.ts';
import type { CircuitView } from './guard.ts';
import { defaultGuardSettings } from './guard-settings.ts';
import { UpstreamError } from './upstream-error.ts';
import type { ErrorKind } from './upstream-error.ts';

const STEPS_IN_CI = 20_000;
const TIMEOUT_MS = 20_000;
const TENANTS = ['a', 'b', 'c'] as const;

type Tenant = (typeof TENANTS)[number];
type Outcome = 'ok' | 'fault' | ErrorKind;
type Step =
  | { do: 'call'; tenant: Tenant }
  | { do: 'answer'; which: number; how: Outcome }
  | { do: 'abort'; which: number }
  | { do: 'wait'; ms: number };

const OUTCOMES: Outcome[] = [
  'ok',
  'ok',
  'upstream',
  'upstream',
  'network',
  'timeout',
  'auth',
  'not_found',
  'invalid',
  'rate_limited',
  'fault',
];
const which = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('call' as const), tenant: fc.constantFrom(...TENANTS) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), which, how: fc.constantFrom(...OUTCOMES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 700, 5_000, 29_999, 30_000, 61_000),
    }),
  },
);

/** A call as the upstream sees it. */
type UnderWay = { probeOf: string[]; end(how: Outcome): void; abort(): void };

const turn = () => new Promise(setImmediate);

function setup() {
  const clock = createHandClock();
  const facts: ResilienceFact[] = [];
  const wrong: string[] = [];
  const underWay = new Set<UnderWay>();
  const guard = createGuard({
    clock,
    random: () => 0.5,
    emit: (fact) => facts.push(fact),
    settings: defaultGuardSettings,
  });
  guard.upstream('vapi', {});

  function call(tenant: Tenant): void {
    const caller = new AbortController();
    const running = guard.run<void>({
      upstream: 'vapi',
      credential: { key: `key-${tenant}`, tenant },
      operation: 'x',
      repeatable: false,
      deadlineMs: TIMEOUT_MS,
      attemptTimeoutMs: TIMEOUT_MS,
      lane: 'api',
      signal: caller.signal,
      attempt: ({ signal }) => arrive(tenant, caller, signal),
    });
    running.catch(() => {});
  }

  function arrive(tenant: Tenant, caller: AbortController, signal: AbortSignal): Promise<void> {
    const passed = guard.circuits().filter(({ circuit }) => circuit === 'vapi' || circuit === `vapi/${tenant}`);
    const probeOf = passed.filter(({ state }) => state === 'half_open').map(nameOf);
    for (const view of passed) if (view.state === 'open') wrong.push(`${view.circuit} was open and let a call through`);
    for (const name of probeOf) {
      if ([...underWay].some((other) => other.probeOf.includes(name))) wrong.push(`${name} had two probes under way`);
    }
    return new Promise((resolve, reject) => {
      const end = (how: Outcome) => {
        underWay.delete(entry);
        if (how === 'ok') resolve();
        else reject(how === 'fault' ? new TypeError('our mistake') : failure(how));
      };
      const entry: UnderWay = { probeOf, end, abort: () => caller.abort() };
      signal.addEventListener('abort', () => underWay.delete(entry));
      underWay.add(entry);
    });
  }

  return { clock, facts, wrong, guard, call, underWay };
}

/** A circuit in one of its generations: a probe of an earlier one does not count against a later. */
function nameOf({ circuit, generation }: CircuitView): string {
  return `${circuit} in generation ${generation}`;
}

function failure(kind: ErrorKind): UpstreamError {
  return new UpstreamError({ kind, upstream: 'vapi', detail: kind, connected: true, status: 500 });
}

type House = ReturnType<typeof setup>;

async function take(next: Step, { clock, call, underWay }: House): Promise<void> {
  if (next.do === 'wait') clock.advance(next.ms);
  else if (next.do === 'call') call(next.tenant);
  else {
    const entry = [...underWay][next.which % underWay.size];
    if (next.do === 'abort') entry?.abort();
    else entry?.end(next.how);
  }
  await turn();
}

/** From now on the vendor answers everything. */
async function recover({ clock, call, underWay }: House): Promise<void> {
  for (const entry of underWay) entry.end('ok');
  await turn();
  clock.advance(30_000);
  for (let round = 0; round < 2; round += 1) {
    for (const tenant of TENANTS) {
      call(tenant);
      await turn();
      for (const entry of underWay) entry.end('ok');
      await turn();
    }
  }
}

/** An opening must follow failures that the circuit heard in the generation before: three, or one probe. */
function unexplained(facts: readonly ResilienceFact[]): ResilienceFact[] {
  return facts.filter((fact, index) => {
    if (fact.type !== 'breaker_opening') return false;
    const heard = facts
      .slice(0, index)
      .filter(
        (other) =>
          other.type === 'breaker_failure' &&
          other.circuit === fact.circuit &&
          other.generation === fact.generation - 1,
      );
    return heard.length < (fact.again ? 1 : 3);
  });
}

test('whatever a vendor does, its circuits keep their promises', async () => {
  const seed = testSeed();
  const figure = { id: 'R01-guard', unit: 'counterexamples', goal: '0 of 1,000,000', floor: '0 of 20,000' };
  let steps = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }), async (list) => {
    const house = setup();
    for (const next of list) await take(next, house);
    steps += list.length;
    await recover(house);
    expect(house.wrong).toEqual([]);
    expect(unexplained(house.facts)).toEqual([]);
    expect(house.guard.circuits().filter(({ state }) => state !== 'closed')).toEqual([]);
    expect(house.clock.pending(), 'timers left behind').toBe(0);
  });
  for (let batch = 0; steps < STEPS_IN_CI * testScale(); batch += 1) {
    const result = await fc.check(property, { seed: seed + batch, numRuns: 25 });
    if (!result.failed) continue;
    printResult({ ...figure, value: 1, pass: false, n: steps, seed: seed + batch });
    throw new Error(fc.defaultReportMessage(result) ?? 'counterexample');
  }
  printResult({ ...figure, value: 0, pass: true, n: steps, seed });
});
