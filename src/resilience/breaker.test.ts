import { describe, expect, test } from 'vitest';
import { initialState, move, refusalOf } from './breaker.ts';
import type { BreakerEvent, BreakerState, Ticket } from './breaker.ts';
import type { BreakerFact } from './facts.ts';

const settings = { threshold: 3, recoveryMs: 30_000, successThreshold: 2 };

/** Plays events against the machine and keeps what came of them. */
function play(start: BreakerState = initialState) {
  let state = start;
  let nowMs = 0;
  const facts: BreakerFact[] = [];
  const apply = (event: BreakerEvent) => {
    const result = move(state, event, nowMs, settings);
    ({ state } = result);
    facts.push(...result.facts);
    return result.decision;
  };
  const admit = (): Ticket => {
    const decision = apply({ type: 'admit', leaseMs: 5_000 });
    if (!decision || !('admitted' in decision)) throw new Error('refused');
    return decision.admitted;
  };
  return {
    apply,
    admit,
    fail: (ticket = admit()) => apply({ type: 'failed', ticket, reason: 'it answered 500' }),
    succeed: (ticket = admit()) => apply({ type: 'succeeded', ticket }),
    refusal: () => refusalOf(state, nowMs, settings),
    wait: (ms: number) => void (nowMs += ms),
    state: () => state,
    told: () => facts.map(({ type }) => type).filter((type) => type !== 'breaker_failure'),
    last: () => facts.at(-1),
  };
}

function opened() {
  const breaker = play();
  for (let failure = 0; failure < 3; failure += 1) breaker.fail();
  return breaker;
}

describe('a closed breaker', () => {
  test('opens on the third failure in a row and says why', () => {
    const breaker = play();
    breaker.fail();
    breaker.fail();
    expect(breaker.state().tag).toBe('closed');
    breaker.fail();
    expect(breaker.state().tag).toBe('open');
    expect(breaker.last()).toMatchObject({ type: 'breaker_opening', again: false, generation: 1, recoveryMs: 30_000 });
    expect(breaker.last()?.reason).toBe('3 failures in a row, the last: it answered 500');
  });

  test('begins to count anew after a good answer', () => {
    const breaker = play();
    breaker.fail();
    breaker.fail();
    breaker.succeed();
    breaker.fail();
    breaker.fail();
    expect(breaker.state().tag).toBe('closed');
  });

  test('counts a failure without witnesses but does not open for it', () => {
    const breaker = play();
    for (let failure = 0; failure < 5; failure += 1) {
      breaker.apply({ type: 'failed', ticket: breaker.admit(), reason: 'timeout', uncorroborated: true });
    }
    expect(breaker.state()).toMatchObject({ tag: 'closed', failures: 5 });
    breaker.fail();
    expect(breaker.state().tag).toBe('open');
  });
});

describe('an open breaker', () => {
  test('refuses until the recovery time is over and says how long that is', () => {
    const breaker = opened();
    breaker.wait(29_999);
    expect(breaker.refusal()).toEqual({ because: 'open', retryAfterMs: 1 });
    breaker.wait(1);
    expect(breaker.refusal()).toBeUndefined();
  });

  test('does not hear results of calls that began before it opened', () => {
    const breaker = play();
    const late = [breaker.admit(), breaker.admit()] as const;
    for (let failure = 0; failure < 3; failure += 1) breaker.fail();
    breaker.succeed(late[0]);
    breaker.wait(30_000);
    breaker.admit();
    breaker.fail(late[1]);
    expect(breaker.state().tag).toBe('half_open');
  });
});

describe('a half-open breaker', () => {
  test('lets one probe through and refuses everybody else at once', () => {
    const breaker = opened();
    breaker.wait(30_000);
    breaker.admit();
    expect(breaker.refusal()).toMatchObject({ because: 'probing', retryAfterMs: 1_000 });
    expect(breaker.told()).toEqual(['breaker_opening', 'breaker_probing']);
  });

  test('closes after two good probes, one after the other', () => {
    const breaker = opened();
    breaker.wait(30_000);
    breaker.succeed();
    expect(breaker.state().tag).toBe('half_open');
    breaker.succeed();
    expect(breaker.state()).toEqual({ tag: 'closed', generation: 3, failures: 0 });
    expect(breaker.last()).toMatchObject({ type: 'breaker_closing', notClosedMs: 30_000 });
  });

  test('opens again when a probe fails, and goes on counting the time not closed', () => {
    const breaker = opened();
    breaker.wait(30_000);
    breaker.fail();
    expect(breaker.last()).toMatchObject({ type: 'breaker_opening', again: true, notClosedMs: 30_000 });
    expect(breaker.refusal()).toMatchObject({ because: 'open', retryAfterMs: 30_000 });
  });

  test('gives the place of an aborted probe to the next caller', () => {
    const breaker = opened();
    breaker.wait(30_000);
    breaker.apply({ type: 'released', ticket: breaker.admit() });
    expect(breaker.refusal()).toBeUndefined();
  });

  test('takes the lease from a probe that hangs, and does not hear it later', () => {
    const breaker = opened();
    breaker.wait(30_000);
    const hanging = breaker.admit();
    breaker.wait(5_000);
    const next = breaker.admit();
    breaker.fail(hanging);
    expect(breaker.state().tag).toBe('half_open');
    breaker.succeed(next);
    breaker.succeed();
    expect(breaker.state().tag).toBe('closed');
  });
});

describe('a breaker in the hands of a person', () => {
  test('stays isolated until it is closed by hand', () => {
    const breaker = play();
    breaker.apply({ type: 'isolate', reason: 'maintenance', author: 'ann', forMs: null });
    breaker.wait(86_400_000);
    expect(breaker.refusal()).toMatchObject({ because: 'isolated' });
    breaker.apply({ type: 'close', reason: 'done', author: 'ann' });
    expect(breaker.told()).toEqual(['breaker_isolated', 'breaker_released', 'breaker_closing']);
    expect(breaker.last()).toMatchObject({ author: 'ann', reason: 'done' });
  });

  test('probes carefully once its isolation has expired', () => {
    const breaker = play();
    breaker.apply({ type: 'isolate', reason: 'maintenance', author: 'ann', forMs: 60_000 });
    breaker.wait(60_000);
    breaker.admit();
    expect(breaker.told()).toEqual(['breaker_isolated', 'breaker_released', 'breaker_probing']);
    expect(breaker.refusal()).toMatchObject({ because: 'probing' });
  });

  test('forgets counted failures when closed by hand while closed, without a word', () => {
    const breaker = play();
    breaker.fail();
    breaker.apply({ type: 'close', reason: 'fresh start', author: 'ann' });
    expect(breaker.state()).toMatchObject({ tag: 'closed', failures: 0 });
    expect(breaker.told()).toEqual([]);
  });
});
