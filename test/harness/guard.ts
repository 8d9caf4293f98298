/** A guard with one upstream, a clock turned by hand, and attempts that fail or hang on demand. */
import { createHandClock } from './hand-clock.ts';
import type { ResilienceFact } from '../../src/resilience/facts.ts';
import type { FailureTable } from '../../src/resilience/failure-table.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import type { AttemptContext, GuardedCall } from '../../src/resilience/guard.ts';
import { defaultGuardSettings } from '../../src/resilience/guard-settings.ts';
import type { GuardSettings } from '../../src/resilience/guard-settings.ts';
import { UpstreamError } from '../../src/resilience/upstream-error.ts';
import type { ErrorKind } from '../../src/resilience/upstream-error.ts';

export function createGuardUnderTest({
  table = {},
  settings = {},
}: { table?: FailureTable; settings?: Partial<GuardSettings> } = {}) {
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

export function upstreamError(
  kind: ErrorKind,
  extra: { status?: number; retryAfterMs?: number; connected?: boolean } = {},
) {
  return new UpstreamError({ kind, upstream: 'vapi', detail: `it failed with ${kind}`, connected: true, ...extra });
}

export const failing =
  (kind: ErrorKind, extra = {}) =>
  () =>
    Promise.reject(upstreamError(kind, extra));
export const hanging = () => new Promise<never>(() => {});
