import { describe, expect, test } from 'vitest';
import { createGuardUnderTest, failing, hanging, upstreamError } from '../../test/harness/guard.ts';
import type { FailureTable } from './failure-table.ts';
import type { AttemptContext } from './guard.ts';
import type { ErrorKind } from './upstream-error.ts';

describe('retry', () => {
  test('repeats what is safe to repeat, three attempts in all', async () => {
    const { call, kindOf, hits, facts } = createGuardUnderTest();
    expect(await kindOf(call(failing('upstream', { status: 500 })))).toBe('upstream');
    expect(hits()).toBe(3);
    const waits = facts.filter((fact) => fact.type === 'retry_scheduled');
    expect(waits.map(({ attempt, delayMs, because }) => [attempt, delayMs, because])).toEqual([
      [2, 125, 'upstream'],
      [3, 250, 'upstream'],
    ]);
  });

  test.each<[string, ErrorKind, object, FailureTable, number]>([
    ['a time-out', 'timeout', {}, {}, 1],
    ['a 500', 'upstream', { status: 500 }, {}, 1],
    ['a reset connection', 'network', { connected: true }, {}, 1],
    ['a connection that never opened', 'network', { connected: false }, {}, 3],
    ['a 429 of a vendor that promises nothing', 'rate_limited', { status: 429 }, {}, 1],
    ['a 429 of a vendor that did nothing', 'rate_limited', { status: 429 }, { notProcessed: [429] }, 3],
  ])(
    'does an operation that is not repeatable after %s (%s) as often as is safe',
    async (_, kind, extra, table, times) => {
      const { call, kindOf, hits } = createGuardUnderTest({ table });
      expect(await kindOf(call(failing(kind, extra), { repeatable: false }))).toBe(kind);
      expect(hits()).toBe(times);
    },
  );

  test.each<ErrorKind>(['auth', 'not_found', 'invalid', 'conflict', 'billing'])(
    'never repeats an answer: %s',
    async (kind) => {
      const { call, kindOf, hits } = createGuardUnderTest();
      expect(await kindOf(call(failing(kind)))).toBe(kind);
      expect(hits()).toBe(1);
    },
  );

  test('never repeats a refusal by a circuit', async () => {
    const { call, kindOf, hits, guard, told } = createGuardUnderTest();
    guard.isolate('vapi', { reason: 'test', author: 'ann', forMs: null });
    expect(await kindOf(call(() => Promise.resolve(1)))).toBe('circuit_open');
    expect(hits()).toBe(0);
    expect(told()).not.toContain('retry_scheduled');
  });

  test('waits as long as the upstream asks, and not at all when that is beyond the deadline', async () => {
    const { call, kindOf, facts } = createGuardUnderTest();
    await kindOf(call(failing('upstream', { status: 503, retryAfterMs: 3_000 })));
    const waits = facts.filter((fact) => fact.type === 'retry_scheduled').map(({ delayMs }) => delayMs);
    expect(waits).toEqual([3_125, 3_250]);

    const late = createGuardUnderTest();
    expect(await late.kindOf(late.call(failing('upstream', { status: 503, retryAfterMs: 3_600_000 })))).toBe(
      'upstream',
    );
    expect(late.hits()).toBe(1);
  });

  test('leaves repeating to the queue when a job asks', async () => {
    const { call, kindOf, hits } = createGuardUnderTest();
    await kindOf(call(failing('upstream'), { lane: 'job' }));
    expect(hits()).toBe(1);
  });

  test('gives up waiting when the caller has gone', async () => {
    const { call, kindOf, hits } = createGuardUnderTest();
    const controller = new AbortController();
    const running = call(failing('upstream'), { signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort();
    expect(await kindOf(running)).toBe('cancelled');
    expect(hits()).toBe(1);
  });
});

describe('time', () => {
  test('an attempt that hangs is ended, its signal aborts, and the circuit counts it', async () => {
    const { call, kindOf, guard } = createGuardUnderTest();
    let aborted = false;
    const attempt = ({ signal }: AttemptContext) => {
      signal.addEventListener('abort', () => (aborted = true));
      return hanging();
    };
    expect(await kindOf(call(attempt, { maxAttempts: 1 }))).toBe('timeout');
    expect(aborted).toBe(true);
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(1);
  });

  test('the deadline holds for the call as a whole', async () => {
    const { call, kindOf, clock } = createGuardUnderTest();
    expect(await kindOf(call(hanging, { deadlineMs: 12_000 }))).toBe('timeout');
    expect(clock.monotonicMs()).toBeLessThanOrEqual(12_000);
  });

  test('an attempt that the deadline cut short says nothing against the upstream', async () => {
    const { call, kindOf, guard } = createGuardUnderTest();
    expect(await kindOf(call(hanging, { deadlineMs: 1_000 }))).toBe('timeout');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('no timer is left behind by a call that ended well', async () => {
    const { call, kindOf, clock } = createGuardUnderTest();
    const { signal } = new AbortController();
    expect(await kindOf(call(() => Promise.resolve(1), { signal }))).toBe('ok');
    expect(clock.pending()).toBe(0);
  });
});

describe('what counts as a failure', () => {
  test.each<[ErrorKind, number]>([
    ['timeout', 1],
    ['network', 1],
    ['upstream', 1],
    ['auth', 0],
    ['not_found', 0],
    ['invalid', 0],
    ['conflict', 0],
    ['billing', 0],
    ['rate_limited', 0],
  ])('%s counts %i', async (kind, counted) => {
    const { call, kindOf, guard, clock } = createGuardUnderTest();
    const attempt = async () => {
      clock.advance(4_000);
      throw upstreamError(kind);
    };
    await kindOf(call(attempt, { maxAttempts: 1 }));
    expect(guard.circuits().map(({ consecutiveFailures }) => consecutiveFailures)).toEqual([counted, counted]);
  });

  test('a raw error of the wire is understood, with what it means for repeating', async () => {
    const { call, kindOf, hits } = createGuardUnderTest();
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(await kindOf(call(() => Promise.reject(refused), { repeatable: false }))).toBe('network');
    expect(hits()).toBe(3);
  });

  test('a fault in our own code passes unchanged and touches no circuit', async () => {
    const { call, guard } = createGuardUnderTest();
    await expect(call(() => Promise.reject(new TypeError('our mistake')))).rejects.toThrow('our mistake');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('a caller who goes away touches no circuit', async () => {
    const { call, kindOf, guard } = createGuardUnderTest();
    const controller = new AbortController();
    const running = call(hanging, { signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort();
    expect(await kindOf(running)).toBe('cancelled');
    expect(guard.circuits()[0]).toMatchObject({ state: 'closed', consecutiveFailures: 0 });
  });

  test('a 429 cools the credential down, refuses it at once, and leaves others alone', async () => {
    const { call, kindOf, hits } = createGuardUnderTest();
    const tooMany = failing('rate_limited', { status: 429, retryAfterMs: 60_000 });
    expect(await kindOf(call(tooMany))).toBe('rate_limited');
    expect(await kindOf(call(tooMany))).toBe('rate_limited');
    expect(hits()).toBe(1);
    expect(await kindOf(call(() => Promise.resolve(1), { credential: { key: 'key-b', tenant: 'b' } }))).toBe('ok');
  });
});

describe('orders by hand', () => {
  test('isolating and closing answer with the circuit as it stands', () => {
    const { guard } = createGuardUnderTest();
    const order = { reason: 'maintenance', author: 'ann' };
    expect(guard.isolate('vapi/a', { ...order, forMs: 60_000 })).toMatchObject({
      state: 'isolated',
      isolatedBy: 'ann',
      isolatedForMs: 60_000,
    });
    expect(guard.close('vapi/a', order)).toMatchObject({ circuit: 'vapi/a', state: 'closed' });
    expect(guard.isolate('nobody', { ...order, forMs: null })).toBeUndefined();
  });

  test('an upstream that was not declared is a fault of ours', async () => {
    const { call } = createGuardUnderTest();
    await expect(call(() => Promise.resolve(1), { upstream: 'nobody' })).rejects.toThrow('not declared');
  });
});
