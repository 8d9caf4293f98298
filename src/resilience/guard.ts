/**
 * How a call survives: retry(breaker(timeout(bulkhead(attempt)))). Retry stands outside the breaker, so that an upstream which
 * always fails is hit as often as the threshold says and no more; it never repeats a refusal. One guard serves every upstream; each has its
 * circuits, its retry budget and its bulkhead, so that a sick one harms only itself.
 */
import type { Clock } from '../clock.ts';
import { createBulkhead } from './bulkhead.ts';
import type { Bulkhead, Lane } from './bulkhead.ts';
import { createCircuits, isRejection } from './circuits.ts';
import type { Circuits, Credential, Passage, Rejection } from './circuits.ts';
import type { CircuitView } from './circuit.ts';
import { AttemptScope, sleep, withinTime } from './deadline.ts';
import type { AttemptFinished, Emit } from './facts.ts';
import type { FailureTable } from './failure-table.ts';
import type { GuardSettings } from './guard-settings.ts';
import { networkError } from './network-error.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { RetryBudget } from './retry-budget.ts';
import { backoffMs, mayRepeat } from './retry.ts';
import { UpstreamError, verdictOf } from './upstream-error.ts';

export type { Credential, Lane };

export type AttemptContext = {
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** What this attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when the time is over or the caller has gone. The attempt must heed it. */
  readonly signal: AbortSignal;
};

export type GuardedCall<T> = {
  upstream: string;
  /** Whose credential is used; null when the upstream takes none, or one for all. */
  credential: Credential | null;
  /** A short stable name for facts and metrics, such as `assistant.get`. */
  operation: string;
  /** Doing it twice does no harm. */
  repeatable: boolean;
  /** For the call as a whole, waits and retries included, in milliseconds. */
  deadlineMs: number;
  /** For one attempt, in milliseconds. */
  attemptTimeoutMs: number;
  lane: Lane;
  signal?: AbortSignal | undefined;
  /** At most this many attempts; jobs have one unless they say otherwise, since their queue repeats them. */
  maxAttempts?: number | undefined;
  attempt(context: AttemptContext): Promise<T>;
};

export type GuardOptions = { clock: Clock; random: () => number; emit: Emit; settings: GuardSettings };

export type Guard = {
  /** Makes the circuits of an upstream; called once for each at start. */
  upstream(name: string, table: FailureTable): void;
  /** What the upstream's statuses mean. */
  tableOf(upstream: string): FailureTable;
  /** The outcome of `call.attempt`, or an `UpstreamError`. Any other error is a fault in the attempt and passes unchanged. */
  run<T>(call: GuardedCall<T>): Promise<T>;
  /** Every circuit as it stands. */
  circuits(): CircuitView[];
  /** Refuses every call through the named circuit (`vapi`, `vapi/<tenant>`) for `forMs`, or until it is closed by hand; undefined when there is no such upstream. */
  isolate(circuit: string, order: { reason: string; author: string; forMs: number | null }): CircuitView | undefined;
  /** Closes the named circuit by hand; undefined when there is no such upstream. */
  close(circuit: string, order: { reason: string; author: string }): CircuitView | undefined;
};

type Line = { name: string; table: FailureTable; circuits: Circuits; bulkhead: Bulkhead; budget: RetryBudget };

/** A probe's lease outlives its attempt by this much, so that its own time-out speaks first. */
const LEASE_SLACK_MS = 1_000;
/** An attempt that the deadline cut shorter than this part of its time says nothing about the upstream. */
const FAIR_PART = 0.5;

export function createGuard({ clock, random, emit, settings }: GuardOptions): Guard {
  const lines = new Map<string, Line>();

  function upstream(name: string, table: FailureTable): void {
    if (lines.has(name)) throw new Error(`upstream ${name} is declared twice`);
    lines.set(name, {
      name,
      table,
      circuits: createCircuits({ upstream: name, settings: settings.breaker, clock, emit }),
      bulkhead: createBulkhead(clock, settings.bulkhead),
      budget: createRetryBudget(clock, settings.retry.budget),
    });
  }

  function lineOf(name: string): Line {
    const line = lines.get(name);
    if (!line) throw new Error(`upstream ${name} is not declared`);
    return line;
  }

  async function run<T>(call: GuardedCall<T>): Promise<T> {
    const line = lineOf(call.upstream);
    const endsMs = clock.monotonicMs() + call.deadlineMs;
    const maxAttempts = call.maxAttempts ?? (call.lane === 'job' ? 1 : settings.retry.maxAttempts);
    line.budget.earn();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await tryOnce(line, call, attempt, endsMs);
      } catch (error) {
        const waitMs = attempt < maxAttempts ? waitBeforeNext(line, call, error, attempt, endsMs) : undefined;
        if (waitMs === undefined) throw error;
        if (!(await sleep(clock, waitMs, call.signal))) throw cancelled(call);
      }
    }
  }

  /** How long to wait before another attempt; undefined when there must be none. */
  function waitBeforeNext<T>(
    line: Line,
    call: GuardedCall<T>,
    error: unknown,
    attempt: number,
    endsMs: number,
  ): number | undefined {
    if (!(error instanceof UpstreamError)) return undefined;
    if (!mayRepeat(error, { repeatable: call.repeatable, notProcessed: line.table.notProcessed ?? [] }))
      return undefined;
    const delayMs = backoffMs(attempt, error.retryAfterMs, settings.retry, random);
    if (clock.monotonicMs() + delayMs >= endsMs) return undefined;
    const about = { ...tagsOf(call), operation: call.operation, because: error.kind };
    if (!line.budget.spend()) {
      emit({ type: 'retry_budget_empty', ...about });
      return undefined;
    }
    emit({ type: 'retry_scheduled', ...about, attempt: attempt + 1, delayMs });
    return delayMs;
  }

  async function tryOnce<T>(line: Line, call: GuardedCall<T>, attempt: number, endsMs: number): Promise<T> {
    const startedMs = clock.monotonicMs();
    const timeoutMs = Math.min(call.attemptTimeoutMs, endsMs - startedMs);
    if (call.signal?.aborted) throw cancelled(call);
    if (timeoutMs <= 0) throw outOfTime(call, false);
    const passage = line.circuits.admit(call.credential, timeoutMs + LEASE_SLACK_MS);
    if (isRejection(passage)) throw rejected(call, passage);
    const scope = new AttemptScope(attempt, timeoutMs);
    try {
      const value = await withinTime(
        { clock, scope, outer: call.signal },
        () => inBulkhead(line, call, scope),
        // Who was still in line when the time was over never reached the upstream.
        {
          onTimeout: () => (scope.isUnderWay ? outOfTime(call, true) : overloaded(call)),
          onCancel: () => cancelled(call),
        },
      );
      passage.succeed();
      emit(finished(call, 'ok', startedMs, attempt));
      return value;
    } catch (thrown) {
      const error = thrown instanceof UpstreamError ? thrown : (networkError(call.upstream, thrown) ?? thrown);
      settle(line, call, passage, error, clock.monotonicMs() - startedMs);
      emit(finished(call, error, startedMs, attempt));
      throw withCoolDown(error);
    }
  }

  /** Gives the permits back with what the error says about the upstream. */
  function settle<T>(line: Line, call: GuardedCall<T>, passage: Passage, error: unknown, tookMs: number): void {
    const verdict = error instanceof UpstreamError ? verdictOf(error.kind) : 'none';
    if (verdict === 'none' || !(error instanceof UpstreamError)) return passage.release();
    if (verdict === 'answered') return passage.succeed();
    if (verdict === 'cool_down') {
      passage.release();
      return line.circuits.coolDown(call.credential, error.retryAfterMs ?? settings.coolDownMs);
    }
    const wasFair =
      error.kind !== 'timeout' || error.status !== undefined || tookMs >= call.attemptTimeoutMs * FAIR_PART;
    if (!wasFair) return passage.release();
    const { status } = error;
    passage.fail({ reason: error.detail, operation: call.operation, ...(status !== undefined && { status }) });
  }

  /** A 429 that names no time is given ours, so that a retry comes after the cool-down and not into it. */
  function withCoolDown(error: unknown): unknown {
    if (!(error instanceof UpstreamError) || error.kind !== 'rate_limited' || error.retryAfterMs !== undefined)
      return error;
    return new UpstreamError({ ...fieldsOf(error), retryAfterMs: settings.coolDownMs });
  }

  async function inBulkhead<T>(line: Line, call: GuardedCall<T>, scope: AttemptScope): Promise<T> {
    const room = line.bulkhead[call.lane];
    const tenant = call.credential?.tenant;
    if (!room.enter(tenant)) {
      const answer = await room.wait(tenant, scope.timeoutMs, scope.signal);
      if (answer !== 'entered') {
        emit({ type: 'bulkhead_full', ...tagsOf(call), operation: call.operation, lane: call.lane, because: answer });
        throw overloaded(call);
      }
    }
    try {
      if (scope.hasEnded) throw overloaded(call);
      scope.isUnderWay = true;
      return await call.attempt(scope);
    } finally {
      room.leave(tenant);
    }
  }

  function rejected<T>(call: GuardedCall<T>, { circuit, because, retryAfterMs }: Rejection): UpstreamError {
    emit({ type: 'call_rejected', ...circuit, operation: call.operation, because, retryAfterMs });
    const isCooling = because === 'cool_down';
    const detail = isCooling
      ? 'it asked for a pause, which is not over'
      : `circuit breaker [${circuit.circuit}] is ${because}`;
    const kind = isCooling ? 'rate_limited' : 'circuit_open';
    return new UpstreamError({ kind, upstream: call.upstream, detail, connected: false, retryAfterMs });
  }

  function finished<T>(call: GuardedCall<T>, result: unknown, startedMs: number, attempt: number): AttemptFinished {
    const fact: AttemptFinished = {
      type: 'attempt_finished',
      upstream: call.upstream,
      scope: call.credential ? 'credential' : 'upstream',
      operation: call.operation,
      outcome: result === 'ok' ? 'ok' : result instanceof UpstreamError ? result.kind : 'fault',
      durationMs: clock.monotonicMs() - startedMs,
      attempt,
    };
    if (call.credential) fact.tenant = call.credential.tenant;
    if (result instanceof UpstreamError && result.status !== undefined) fact.status = result.status;
    return fact;
  }

  function findCircuit(name: string) {
    return lines.get(name.split('/', 1)[0] ?? '')?.circuits.find(name);
  }

  return {
    upstream,
    tableOf: (name) => lineOf(name).table,
    run,
    circuits: () => [...lines.values()].flatMap((line) => line.circuits.list()),
    isolate(name, order) {
      const circuit = findCircuit(name);
      circuit?.isolate(order);
      return circuit?.snapshot();
    },
    close(name, order) {
      const circuit = findCircuit(name);
      circuit?.close(order);
      return circuit?.snapshot();
    },
  };
}

type Named = { upstream: string; credential: Credential | null };

function tagsOf({ upstream, credential }: Named): { upstream: string; tenant?: string } {
  return credential ? { upstream, tenant: credential.tenant } : { upstream };
}

function cancelled({ upstream }: Named): UpstreamError {
  return new UpstreamError({ kind: 'cancelled', upstream, detail: 'the caller gave up', connected: true });
}

function outOfTime({ upstream }: Named, connected: boolean): UpstreamError {
  return new UpstreamError({ kind: 'timeout', upstream, detail: 'it did not answer in time', connected });
}

function overloaded({ upstream }: Named): UpstreamError {
  const detail = 'too many calls to it are under way';
  return new UpstreamError({ kind: 'overloaded', upstream, detail, connected: false, retryAfterMs: 1_000 });
}

function fieldsOf({ kind, upstream, detail, connected, status, retryAfterMs, body }: UpstreamError) {
  return { kind, upstream, detail, connected, status, retryAfterMs, body };
}
