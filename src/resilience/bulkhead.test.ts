import { describe, expect, test } from 'vitest';
import { createGuardUnderTest, hanging } from '../../test/harness/guard.ts';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import type { ResilienceFact } from './facts.ts';
import { createGuard } from './guard.ts';
import { defaultGuardSettings } from './guard-settings.ts';

describe('the bulkhead', () => {
  const small = { lanes: { call: 2, webhook: 2, api: 4, job: 1 }, tenantShare: 0.5, waitingPerPlace: 1, waitMs: 1_000 };

  test('calls that find no place wait in line, and are refused without blaming the upstream', async () => {
    const { call, kindOf, guard, told } = createGuardUnderTest({ settings: { bulkhead: small } });
    void call(hanging).catch(() => {});
    void call(hanging).catch(() => {});
    expect(await kindOf(call(hanging))).toBe('overloaded');
    expect(told()).toContain('bulkhead_full');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('a tenant that fills its share leaves room for others, and the API for ringing calls', async () => {
    const { call, kindOf } = createGuardUnderTest({ settings: { bulkhead: small } });
    for (let index = 0; index < 20; index += 1) void call(hanging).catch(() => {});
    const ok = () => Promise.resolve(1);
    expect(await kindOf(call(ok, { credential: { key: 'key-b', tenant: 'b' } }))).toBe('ok');
    expect(await kindOf(call(ok, { lane: 'call' }))).toBe('ok');
  });

  test('a lane never holds more than its size, whoever calls', async () => {
    const { call, hits } = createGuardUnderTest({ settings: { bulkhead: small } });
    for (let index = 0; index < 20; index += 1) {
      void call(hanging, { credential: { key: `k${index}`, tenant: `t${index}` } }).catch(() => {});
    }
    await new Promise(setImmediate);
    expect(hits()).toBe(4);
  });

  test('who waits is let in, in order, as soon as a place is free', async () => {
    const { call } = createGuardUnderTest({ settings: { bulkhead: small } });
    const ends: (() => void)[] = [];
    const held = () => new Promise<void>((resolve) => ends.push(resolve));
    const order: number[] = [];
    const running = [0, 1, 2, 3].map((number) => call(held).then(() => order.push(number)));
    while (order.length < 4) {
      await new Promise(setImmediate);
      ends.shift()?.();
    }
    await Promise.all(running);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  test('whoever runs out of time in line is overloaded, not timed out', async () => {
    const { call, kindOf, guard } = createGuardUnderTest({ settings: { bulkhead: small } });
    void call(hanging).catch(() => {});
    void call(hanging).catch(() => {});
    expect(await kindOf(call(hanging, { attemptTimeoutMs: 500 }))).toBe('overloaded');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('a place that comes free in the moment in which the time is over is not lost', async () => {
    const clock = createHandClock();
    // The end of the first call is told in the moment in which its place passes to the second: then its time is over.
    const emit = (fact: ResilienceFact) =>
      void (fact.type === 'attempt_finished' && fact.outcome === 'ok' && clock.advance(500));
    const guard = createGuard({
      clock,
      random: () => 0.5,
      emit,
      settings: { ...defaultGuardSettings, bulkhead: small },
    });
    guard.upstream('vapi', {});
    const about = { upstream: 'vapi', credential: null, operation: 'x', repeatable: false, lane: 'job' } as const;
    const limits = { deadlineMs: 500, attemptTimeoutMs: 500 };
    let end!: () => void;
    const first = guard.run({ ...about, ...limits, attempt: () => new Promise<void>((resolve) => (end = resolve)) });
    let hasBegun = false;
    const second = guard.run({ ...about, ...limits, attempt: () => ((hasBegun = true), Promise.resolve()) });
    end();
    await first;
    await expect(second).rejects.toMatchObject({ kind: 'overloaded' });
    expect(hasBegun).toBe(false);
    await guard.run({ ...about, ...limits, attempt: () => Promise.resolve() });
  });
});
