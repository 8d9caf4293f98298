/**
 * The fleet's protocol in every order: two replicas and one Redis, messages that arrive in any order or never, replicas that die with
 * a lease, time that passes between any two steps. Every state that can be reached is looked at.
 */
import { expect, test } from 'vitest';
import { decide, type FleetOrder, type FleetRecord, freshRecord, quorumOf } from './protocol.ts';

const SETTINGS = { threshold: 2, recoveryMs: 2, successThreshold: 2 };
const LEASE_MS = 2;
const LAST_MS = 6;

/** A replica either has nothing to do, or runs a probe by the lease it holds; its answer may be on its way for any time. */
type World = {
  record: FleetRecord;
  nowMs: number;
  fences: number;
  probes: readonly { lease: number; untilMs: number }[];
};

const START: World = { record: freshRecord, nowMs: 0, fences: 0, probes: [] };

function give(world: World, order: FleetOrder): World & { leased?: number } {
  let { fences } = world;
  const { record, reply } = decide(world.record, order, world.nowMs, SETTINGS, () => (fences += 1));
  return { ...world, record, fences, ...(typeof reply === 'object' && { leased: reply.leased }) };
}

/** Everything that may happen next. */
function* next(world: World): Generator<World> {
  const { nowMs, probes } = world;
  if (nowMs < LAST_MS) yield { ...world, nowMs: nowMs + 1 };
  for (const replica of ['a', 'b']) yield strip(give(world, { type: 'failed', replica, reason: '', liveReplicas: 2 }));
  yield strip(give(world, { type: 'answered' }));
  if (probes.length < 3) {
    const asked = give(world, { type: 'lease', leaseMs: LEASE_MS });
    const { leased } = asked;
    if (leased !== undefined) {
      yield strip({ ...asked, probes: [...probes, { lease: leased, untilMs: nowMs + LEASE_MS }] });
      // The answer was lost: the lease is held by nobody.
      yield strip(asked);
    }
  }
  for (const probe of probes) {
    const rest = probes.filter((other) => other !== probe);
    // It died.
    yield { ...world, probes: rest };
    for (const outcome of ['good', 'bad', 'none'] as const) {
      yield strip(give({ ...world, probes: rest }, { type: 'probe', lease: probe.lease, outcome, reason: '' }));
    }
  }
}

function strip({ record, nowMs, fences, probes }: World): World {
  return { record: { ...record, run: Math.min(record.run, SETTINGS.threshold) }, nowMs, fences, probes };
}

/** Fences matter by their order alone, so that worlds that differ only in their size are one. */
function keyOf({ record, nowMs, probes }: World): string {
  const known = [...new Set([record.epoch, record.lease, ...probes.map(({ lease }) => lease), 0])].toSorted(
    (a, b) => a - b,
  );
  const rank = (fence: number) => known.indexOf(fence);
  return JSON.stringify([
    { ...record, epoch: rank(record.epoch), lease: rank(record.lease) },
    nowMs,
    probes.map(({ lease, untilMs }) => [rank(lease), untilMs]),
  ]);
}

/** A healthy upstream from now on: waiting and probing alone must close the circuit. */
function closesInTime(world: World): boolean {
  let now: World = { ...world, probes: [] };
  for (let turn = 0; turn < 3 * (SETTINGS.recoveryMs + LEASE_MS); turn += 1) {
    if (now.record.tag === 'closed') return true;
    const asked = give(now, { type: 'lease', leaseMs: LEASE_MS });
    now =
      asked.leased === undefined
        ? now
        : give(asked, { type: 'probe', lease: asked.leased, outcome: 'good', reason: '' });
    now = { ...strip(now), nowMs: now.nowMs + 1 };
  }
  return now.record.tag === 'closed';
}

test('in all orders of a small fleet there are never two probes by valid leases, and no state is stuck', () => {
  const seen = new Set<string>();
  const waiting: World[] = [START];
  while (waiting.length > 0) {
    const world = waiting.pop()!;
    const key = keyOf(world);
    if (seen.has(key)) continue;
    seen.add(key);
    const valid = world.probes.filter(({ lease, untilMs }) => lease === world.record.lease && world.nowMs < untilMs);
    const others = world.probes.filter(({ lease, untilMs }) => lease !== world.record.lease && world.nowMs < untilMs);
    expect(valid.length, key).toBeLessThanOrEqual(1);
    // Whoever runs with another lease was overruled: the circuit has moved on since, and its answer has no effect.
    if (valid.length === 1) expect(others, key).toEqual([]);
    expect(closesInTime(world), key).toBe(true);
    waiting.push(...next(world));
  }
  console.log(`${seen.size} states of the fleet were looked at`);
  expect(seen.size).toBeGreaterThan(500);
});

test('more than half of the replicas must agree', () => {
  expect([1, 2, 3, 4, 5].map(quorumOf)).toEqual([1, 2, 2, 3, 3]);
});
