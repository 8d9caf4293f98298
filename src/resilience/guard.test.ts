import { describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import type { ResilienceFact } from './facts.ts';
import type { FailureTable } from './failure-table.ts';
import { createGuard } from './guard.ts';
import type { AttemptContext, GuardedCall } from './guard.ts';
import { defaultGuardSettings } from './guard-settings.ts';
import type { GuardSettings } from './guard-settings.ts';
import { UpstreamError } from './upstream-error.ts';
import type { ErrorKind } from './upstream-error.ts';

function setup({ table = {}, settings = {} }: { table?: FailureTable; settings?: Partial<GuardSettings> } = {}) {
  const clock = createHandClock();
  const facts: ResilienceFact[] = [];
  const guard = createGuard({
    clock,
    random: () => 0.5,
    emit: (fact) => facts.push(fact),
    settings: { ...defaultGuardSettings, ...settings },
  });
  guard.upstream('vapi', table);
  let hits = 0;
  const call = <T>(attempt: (context: AttemptContext) => Promise<T>, overrides: Partial<GuardedCall<T>> = {}) =>
    guard.run<T>({
      upstream: 'vapi',
      credential: { key: 'key-a', tenant: 'a' },
      operation: 'assistant.get',
      repeatable: true,
      deadlineMs: 10_000,
      attemptTimeoutMs: 5_000,
      lane: 'api',
      ...overrides,
      attempt: (context) => {
        hits += 1;
        return attempt(context);
      },
    });
  /** The kind of error that the call ends with, after turning the clock as often as it waits. */
  const kindOf = async (running: Promise<unknown>): Promise<ErrorKind | 'ok' | 'fault'> => {
    let result: ErrorKind | 'ok' | 'fault' | undefined;
    running.then(
      () => (result = 'ok'),
      (error: unknown) => (result = error instanceof UpstreamError ? error.kind : 'fault'),
    );
    for (let turn = 0; result === undefined && turn < 1_000; turn += 1) {
      await new Promise(setImmediate);
      if (result === undefined) clock.advance(100);
    }
    return result ?? 'fault';
  };
  return { guard, clock, facts, call, kindOf, hits: () => hits, told: () => facts.map(({ type }) => type) };
}

function error(kind: ErrorKind, extra: { status?: number; retryAfterMs?: number; connected?: boolean } = {}) {
  return new UpstreamError({ kind, upstream: 'vapi', detail: `it failed with ${kind}`, connected: true, ...extra });
}

const failing =
  (kind: ErrorKind, extra = {}) =>
  () =>
    Promise.reject(error(kind, extra));
const hanging = () => new Promise<never>(() => {});

describe('retry', () => {
  test('repeats what is safe to repeat, three attempts in all', async () => {
    const { call, kindOf, hits, facts } = setup();
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
      const { call, kindOf, hits } = setup({ table });
      expect(await kindOf(call(failing(kind, extra), { repeatable: false }))).toBe(kind);
      expect(hits()).toBe(times);
    },
  );

  test.each<ErrorKind>(['auth', 'not_found', 'invalid', 'conflict', 'billing'])(
    'never repeats an answer: %s',
    async (kind) => {
      const { call, kindOf, hits } = setup();
      expect(await kindOf(call(failing(kind)))).toBe(kind);
      expect(hits()).toBe(1);
    },
  );

  test('never repeats a refusal by a circuit', async () => {
    const { call, kindOf, hits, guard, told } = setup();
    guard.isolate('vapi', { reason: 'test', author: 'ann', forMs: null });
    expect(await kindOf(call(() => Promise.resolve(1)))).toBe('circuit_open');
    expect(hits()).toBe(0);
    expect(told()).not.toContain('retry_scheduled');
  });

  test('waits as long as the upstream asks, and not at all when that is beyond the deadline', async () => {
    const { call, kindOf, facts } = setup();
    await kindOf(call(failing('upstream', { status: 503, retryAfterMs: 3_000 })));
    const waits = facts.filter((fact) => fact.type === 'retry_scheduled').map(({ delayMs }) => delayMs);
    expect(waits).toEqual([3_125, 3_250]);

    const late = setup();
    expect(await late.kindOf(late.call(failing('upstream', { status: 503, retryAfterMs: 3_600_000 })))).toBe(
      'upstream',
    );
    expect(late.hits()).toBe(1);
  });

  test('leaves repeating to the queue when a job asks', async () => {
    const { call, kindOf, hits } = setup();
    await kindOf(call(failing('upstream'), { lane: 'job' }));
    expect(hits()).toBe(1);
  });

  test('gives up waiting when the caller has gone', async () => {
    const { call, kindOf, hits } = setup();
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
    const { call, kindOf, guard } = setup();
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
    const { call, kindOf, clock } = setup();
    expect(await kindOf(call(hanging, { deadlineMs: 12_000 }))).toBe('timeout');
    expect(clock.monotonicMs()).toBeLessThanOrEqual(12_000);
  });

  test('an attempt that the deadline cut short says nothing against the upstream', async () => {
    const { call, kindOf, guard } = setup();
    expect(await kindOf(call(hanging, { deadlineMs: 1_000 }))).toBe('timeout');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('no timer is left behind by a call that ended well', async () => {
    const { call, kindOf, clock } = setup();
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
    const { call, kindOf, guard, clock } = setup();
    const attempt = async () => {
      clock.advance(4_000);
      throw error(kind);
    };
    await kindOf(call(attempt, { maxAttempts: 1 }));
    expect(guard.circuits().map(({ consecutiveFailures }) => consecutiveFailures)).toEqual([counted, counted]);
  });

  test('a raw error of the wire is understood, with what it means for repeating', async () => {
    const { call, kindOf, hits } = setup();
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(await kindOf(call(() => Promise.reject(refused), { repeatable: false }))).toBe('network');
    expect(hits()).toBe(3);
  });

  test('a fault in our own code passes unchanged and touches no circuit', async () => {
    const { call, guard } = setup();
    await expect(call(() => Promise.reject(new TypeError('our mistake')))).rejects.toThrow('our mistake');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('a caller who goes away touches no circuit', async () => {
    const { call, kindOf, guard } = setup();
    const controller = new AbortController();
    const running = call(hanging, { signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort();
    expect(await kindOf(running)).toBe('cancelled');
    expect(guard.circuits()[0]).toMatchObject({ state: 'closed', consecutiveFailures: 0 });
  });

  test('a 429 cools the credential down, refuses it at once, and leaves others alone', async () => {
    const { call, kindOf, hits } = setup();
    const tooMany = failing('rate_limited', { status: 429, retryAfterMs: 60_000 });
    expect(await kindOf(call(tooMany))).toBe('rate_limited');
    expect(await kindOf(call(tooMany))).toBe('rate_limited');
    expect(hits()).toBe(1);
    expect(await kindOf(call(() => Promise.resolve(1), { credential: { key: 'key-b', tenant: 'b' } }))).toBe('ok');
  });
});

describe('orders by hand', () => {
  test('isolating and closing answer with the circuit as it stands', () => {
    const { guard } = setup();
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
    const { call } = setup();
    await expect(call(() => Promise.resolve(1), { upstream: 'nobody' })).rejects.toThrow('not declared');
  });
});

describe('the bulkhead', () => {
  const small = { lanes: { call: 2, webhook: 2, api: 4, job: 1 }, tenantShare: 0.5, waitingPerPlace: 1, waitMs: 1_000 };

  test('calls that find no place wait in line, and are refused without blaming the upstream', async () => {
    const { call, kindOf, guard, told } = setup({ settings: { bulkhead: small } });
    void call(hanging).catch(() => {});
    void call(hanging).catch(() => {});
    expect(await kindOf(call(hanging))).toBe('overloaded');
    expect(told()).toContain('bulkhead_full');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('a tenant that fills its share leaves room for others, and the API for ringing calls', async () => {
    const { call, kindOf } = setup({ settings: { bulkhead: small } });
    for (let index = 0; index < 20; index += 1) void call(hanging).catch(() => {});
    const ok = () => Promise.resolve(1);
    expect(await kindOf(call(ok, { credential: { key: 'key-b', tenant: 'b' } }))).toBe('ok');
    expect(await kindOf(call(ok, { lane: 'call' }))).toBe('ok');
  });

  test('a lane never holds more than its size, whoever calls', async () => {
    const { call, hits } = setup({ settings: { bulkhead: small } });
    for (let index = 0; index < 20; index += 1) {
      void call(hanging, { credential: { key: `k${index}`, tenant: `t${index}` } }).catch(() => {});
    }
    await new Promise(setImmediate);
    expect(hits()).toBe(4);
  });

  test('who waits is let in, in order, as soon as a place is free', async () => {
    const { call } = setup({ settings: { bulkhead: small } });
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
    const { call, kindOf, guard } = setup({ settings: { bulkhead: small } });
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
