import { describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { createCircuits, isRejection } from './circuits.ts';
import type { Credential, Passage } from './circuits.ts';
import type { ResilienceFact } from './facts.ts';

const A = { key: 'key-a', tenant: 'a' };
const B = { key: 'key-b', tenant: 'b' };
const C = { key: 'key-c', tenant: 'c' };

function setup(overrides: Partial<Parameters<typeof createCircuits>[0]['settings']> = {}) {
  const clock = createHandClock();
  const facts: ResilienceFact[] = [];
  const circuits = createCircuits({
    upstream: 'vapi',
    settings: {
      threshold: 3,
      recoveryMs: 30_000,
      successThreshold: 2,
      enabled: true,
      witnessWindowMs: 60_000,
      maxCredentialCircuits: 100,
      ...overrides,
    },
    clock,
    emit: (fact) => facts.push(fact),
  });
  const enter = (credential: Credential | null): Passage => {
    const answer = circuits.admit(credential, 5_000);
    if (isRejection(answer)) throw new Error(`rejected by ${answer.circuit.circuit}: ${answer.because}`);
    return answer;
  };
  const fail = (credential: Credential | null, times = 1) => {
    for (let time = 0; time < times; time += 1) enter(credential).fail({ reason: 'it answered 500', operation: 'x' });
  };
  return {
    circuits,
    clock,
    facts,
    enter,
    fail,
    succeed: (credential: Credential | null) => enter(credential).succeed(),
    refusal: (credential: Credential | null) => {
      const answer = circuits.admit(credential, 5_000);
      if (isRejection(answer)) return `${answer.circuit.circuit} ${answer.because}`;
      answer.release();
      return 'admitted';
    },
    state: (name: string) => circuits.list().find(({ circuit }) => circuit === name)?.state,
    told: (type: ResilienceFact['type']) =>
      facts.filter((fact) => fact.type === type).map((fact) => ('circuit' in fact ? fact.circuit : '')),
  };
}

describe('two levels of circuits', () => {
  test('with one tenant and a dead vendor both open on the third failure', () => {
    const { fail, state, told, refusal } = setup();
    fail(A, 2);
    expect(state('vapi')).toBe('closed');
    fail(A);
    expect([state('vapi'), state('vapi/a')]).toEqual(['open', 'open']);
    expect(told('breaker_opening')).toEqual(['vapi/a', 'vapi']);
    expect(refusal(A)).toBe('vapi open');
  });

  test('both close again after the same two probes', () => {
    const { fail, succeed, clock, state, told } = setup();
    fail(A, 3);
    clock.advance(30_000);
    succeed(A);
    succeed(A);
    expect([state('vapi'), state('vapi/a')]).toEqual(['closed', 'closed']);
    expect(told('breaker_probing')).toEqual(['vapi', 'vapi/a']);
    expect(told('breaker_closing').toSorted()).toEqual(['vapi', 'vapi/a']);
  });

  test("one tenant's failures leave the circuit of the upstream and of others alone while others are in use", () => {
    const { fail, succeed, state, refusal } = setup();
    succeed(B);
    fail(A, 3);
    expect([state('vapi'), state('vapi/a'), state('vapi/b')]).toEqual(['closed', 'open', 'closed']);
    expect([refusal(A), refusal(B)]).toEqual(['vapi/a open', 'admitted']);
  });

  test('three failures in a row from several credentials open the circuit of the upstream', () => {
    const { fail, state } = setup();
    fail(A);
    fail(B);
    fail(C);
    expect([state('vapi'), state('vapi/a'), state('vapi/b')]).toEqual(['open', 'closed', 'closed']);
  });

  test('a second witness completes what one credential alone could not prove', () => {
    const { fail, succeed, state } = setup();
    succeed(B);
    fail(A, 3);
    expect(state('vapi')).toBe('closed');
    fail(B);
    expect(state('vapi')).toBe('open');
  });

  test('an answer to anybody is a sign of life and ends the run', () => {
    const { fail, succeed, state } = setup();
    succeed(B);
    fail(A, 3);
    succeed(B);
    fail(B);
    fail(C);
    expect(state('vapi')).toBe('closed');
    fail(B);
    expect(state('vapi')).toBe('open');
  });

  test('what failed before somebody was answered is no evidence any more', () => {
    const { fail, succeed, state } = setup();
    succeed(B);
    fail(A, 3);
    succeed(B);
    succeed(C);
    fail(B, 3);
    expect([state('vapi'), state('vapi/b')]).toEqual(['closed', 'open']);
  });

  test('a failure of long ago is no evidence either', () => {
    const { fail, clock, state } = setup();
    fail(A, 2);
    clock.advance(60_001);
    fail(B);
    expect([state('vapi'), state('vapi/b')], 'three in a row, but B alone is in use').toEqual(['open', 'closed']);
    const other = setup();
    other.fail(A, 2);
    other.clock.advance(59_000);
    other.enter(C).release();
    other.clock.advance(2_000);
    other.fail(B);
    expect(other.state('vapi'), 'C is in use and A is long ago').toBe('closed');
  });

  test('a credential that was sick before proves nothing against the upstream when its probes fail', () => {
    const { fail, succeed, clock, state } = setup();
    succeed(B);
    fail(A, 3);
    for (let round = 0; round < 5; round += 1) {
      clock.advance(61_000);
      fail(A);
    }
    expect([state('vapi'), state('vapi/a')]).toEqual(['closed', 'open']);
  });

  test('a sick tenant alone cannot keep the circuit of the upstream open for the others', () => {
    const { fail, succeed, clock, state, refusal } = setup();
    fail(A, 3);
    expect(refusal(B), 'at first it looks like an outage').toBe('vapi open');
    clock.advance(30_000);
    fail(A);
    expect([state('vapi'), refusal(A)]).toEqual(['open', 'vapi open']);
    succeed(B);
    succeed(B);
    expect([state('vapi'), state('vapi/a')]).toEqual(['closed', 'open']);
  });

  test('when the second witness fails too, the circuit holds for everybody', () => {
    const { fail, clock, refusal } = setup();
    fail(A, 3);
    clock.advance(30_000);
    fail(A);
    fail(B);
    expect([refusal(A), refusal(B), refusal(C)]).toEqual(['vapi open', 'vapi open', 'vapi open']);
  });

  test('a refusal by one circuit does not use up the probe of the other', () => {
    const { fail, succeed, clock, circuits, state } = setup();
    succeed(B);
    fail(A, 3);
    clock.advance(10_000);
    circuits.find('vapi')?.isolate({ reason: 'test', author: 'ann', forMs: null });
    clock.advance(30_000);
    expect(isRejection(circuits.admit(A, 5_000))).toBe(true);
    expect(state('vapi/a')).toBe('open');
  });

  test('calls without a credential have the circuit of the upstream alone', () => {
    const { fail, circuits, refusal } = setup();
    fail(null, 3);
    expect(circuits.list().map(({ circuit }) => circuit)).toEqual(['vapi']);
    expect(refusal(null)).toBe('vapi open');
  });
});

describe('cool-downs', () => {
  test('a cool-down refuses one credential for its time and touches no circuit', () => {
    const { circuits, clock, refusal, state } = setup();
    circuits.coolDown(A, 5_000);
    expect([refusal(A), refusal(B)]).toEqual(['vapi/a cool_down', 'admitted']);
    clock.advance(5_000);
    expect([refusal(A), state('vapi/a')]).toEqual(['admitted', 'closed']);
  });

  test('a shorter cool-down does not end a longer one', () => {
    const { circuits, clock, refusal } = setup();
    circuits.coolDown(A, 5_000);
    circuits.coolDown(A, 1_000);
    clock.advance(4_999);
    expect(refusal(A)).toBe('vapi/a cool_down');
  });
});

describe('keeping circuits', () => {
  test('closed circuits of credentials that are not used go first when there are too many', () => {
    const { fail, succeed, clock, circuits } = setup({ maxCredentialCircuits: 3 });
    succeed({ key: 'other', tenant: 'other' });
    fail(A, 3);
    for (let tenant = 0; tenant < 50; tenant += 1) {
      clock.advance(2_000);
      circuits.admit({ key: `k${tenant}`, tenant: `t${tenant}` }, 5_000);
    }
    const kept = circuits.list().map(({ circuit }) => circuit);
    expect(kept).toHaveLength(4);
    expect(kept).toContain('vapi/a');
  });

  test('the last ten failures are kept for people to read', () => {
    const { fail, succeed, circuits } = setup({ threshold: 100 });
    succeed(B);
    fail(A, 15);
    const [own] = circuits.list();
    expect(own?.lastFailures).toHaveLength(10);
    expect(own?.lastFailures[9]).toEqual({ at: '2026-01-01T00:00:00.000Z', operation: 'x', reason: 'it answered 500' });
  });

  test('switched off, circuits let everything pass and cool-downs still hold', () => {
    const { fail, circuits, refusal, facts } = setup({ enabled: false });
    fail(A, 10);
    expect(refusal(A)).toBe('admitted');
    circuits.coolDown(A, 1_000);
    expect(refusal(A)).toBe('vapi/a cool_down');
    expect(facts.some(({ type }) => type === 'breaker_opening')).toBe(false);
  });
});
