/**
 * One attempt: breaker(timeout(bulkhead(work))). It asks both circuits, waits for a place, runs the work against the clock, and
 * gives the permits back with what the outcome says about the upstream.
 */
import type { Clock } from '../clock.ts';
import type { Bulkhead } from './bulkhead.ts';
import { isRejection } from './circuits.ts';
import type { Circuits, Passage, Rejection } from './circuits.ts';
import { AttemptScope, withinTime } from './deadline.ts';
import type { AttemptFinished, Emit } from './facts.ts';
import { cancelled, outOfTime, overloaded, tagsOf } from './guarded-call.ts';
import type { CallTags, GuardedCall } from './guarded-call.ts';
import { networkError } from './network-error.ts';
import { UpstreamError, verdictOf } from './upstream-error.ts';

export type AttemptDeps = {
  clock: Clock;
  emit: Emit;
  circuits: Circuits;
  bulkhead: Bulkhead;
  defaultCoolDownMs: number;
};

/** Makes attempt number `attempt` of a call that must be over at `endsMs`; rejects with an `UpstreamError` or a fault of the work. */
export type MakeAttempt = <T>(call: GuardedCall<T>, attempt: number, endsMs: number) => Promise<T>;

/** A probe's lease outlives its attempt by this much, so that its own time-out speaks first. */
const LEASE_SLACK_MS = 1_000;
/** A time-out that the deadline cut shorter than this part of the attempt's time says nothing about the upstream. */
const FAIR_PART = 0.5;

export function createAttempts({ clock, emit, circuits, bulkhead, defaultCoolDownMs }: AttemptDeps): MakeAttempt {
  return async (call, attempt, endsMs) => {
    const startedMs = clock.monotonicMs();
    const scope = new AttemptScope(attempt, Math.min(call.attemptTimeoutMs, endsMs - startedMs));
    if (call.signal?.aborted) throw cancelled(call);
    if (scope.timeoutMs <= 0) throw outOfTime(call, false);
    const passage = circuits.admit(call.credential, scope.timeoutMs + LEASE_SLACK_MS);
    if (isRejection(passage)) throw rejected(call, passage);
    try {
      const value = await withinTime({ clock, scope, outer: call.signal }, () => inBulkhead(call, scope), {
        // Who was still in line when the time was over never reached the upstream.
        onTimeout: () => (scope.isUnderWay ? outOfTime(call, true) : overloaded(call)),
        onCancel: () => cancelled(call),
      });
      passage.succeed();
      finished(call, scope, startedMs);
      return value;
    } catch (thrown) {
      const error = understood(call, thrown);
      settle(call, passage, error, clock.monotonicMs() - startedMs);
      finished(call, scope, startedMs, error);
      throw error;
    }
  };

  async function inBulkhead<T>(call: GuardedCall<T>, scope: AttemptScope): Promise<T> {
    const room = bulkhead[call.lane];
    const tenant = call.credential?.tenant;
    const answer = room.enter(tenant) ? 'entered' : await room.wait(tenant, scope.timeoutMs, scope.signal);
    if (answer !== 'entered') {
      emit({ type: 'bulkhead_full', ...tagsOf(call), lane: call.lane, because: answer });
      throw overloaded(call);
    }
    try {
      if (scope.hasEnded) throw overloaded(call);
      scope.isUnderWay = true;
      return await call.attempt(scope);
    } finally {
      room.leave(tenant);
    }
  }

  /** The error as an `UpstreamError` where it is one of the wire. A 429 that names no time is given ours, so that a retry comes after the cool-down. */
  function understood(call: CallTags, thrown: unknown): unknown {
    if (!(thrown instanceof UpstreamError)) return networkError(call.upstream, thrown) ?? thrown;
    if (thrown.kind !== 'rate_limited' || thrown.retryAfterMs !== undefined) return thrown;
    const { kind, upstream, detail, connected, status, body } = thrown;
    return new UpstreamError({ kind, upstream, detail, connected, status, body, retryAfterMs: defaultCoolDownMs });
  }

  function settle<T>(call: GuardedCall<T>, passage: Passage, error: unknown, tookMs: number): void {
    if (!(error instanceof UpstreamError)) return passage.release();
    switch (verdictOf(error.kind)) {
      case 'answered':
        return passage.succeed();
      case 'failure':
        return isFair(call, error, tookMs) ? passage.fail(recordOf(call, error)) : passage.release();
      case 'cool_down':
        circuits.coolDown(call.credential, error.retryAfterMs ?? defaultCoolDownMs);
        return passage.release();
      default:
        return passage.release();
    }
  }

  function rejected(call: CallTags, { circuit, because, retryAfterMs }: Rejection): UpstreamError {
    emit({ type: 'call_rejected', ...circuit, operation: call.operation, because, retryAfterMs });
    const common = { upstream: call.upstream, connected: false, retryAfterMs };
    if (because === 'cool_down') {
      return new UpstreamError({ ...common, kind: 'rate_limited', detail: 'it asked for a pause, which is not over' });
    }
    return new UpstreamError({
      ...common,
      kind: 'circuit_open',
      detail: `circuit breaker [${circuit.circuit}] is ${because}`,
    });
  }

  function finished(call: CallTags, scope: AttemptScope, startedMs: number, error?: unknown): void {
    const fact: AttemptFinished = {
      type: 'attempt_finished',
      upstream: call.upstream,
      scope: call.credential ? 'credential' : 'upstream',
      operation: call.operation,
      outcome: error === undefined ? 'ok' : error instanceof UpstreamError ? error.kind : 'fault',
      durationMs: clock.monotonicMs() - startedMs,
      attempt: scope.attempt,
    };
    if (call.credential) fact.tenant = call.credential.tenant;
    if (error instanceof UpstreamError && error.status !== undefined) fact.status = error.status;
    emit(fact);
  }
}

function isFair<T>(call: GuardedCall<T>, error: UpstreamError, tookMs: number): boolean {
  return error.kind !== 'timeout' || error.status !== undefined || tookMs >= call.attemptTimeoutMs * FAIR_PART;
}

/** Without the vendor's own words: what it said to one tenant is not for the log lines of a circuit. */
function recordOf(call: CallTags, { status, detail }: UpstreamError) {
  if (status === undefined) return { reason: detail, operation: call.operation };
  return { reason: `it answered ${status}`, operation: call.operation, status };
}
