/**
 * How a call survives: retry(breaker(timeout(bulkhead(attempt)))). Retry stands outside the breaker, so that an upstream which
 * always fails is hit as often as the threshold says and no more; it never repeats a refusal. One guard serves every upstream; each
 * has its circuits, its retry budget and its bulkhead, so that a sick one harms only itself.
 */
import type { Clock } from '../clock.ts';
import { makeAttempt } from './attempt.ts';
import type { AttemptDeps, Trial } from './attempt.ts';
import type { Lane } from './bulkhead.ts';
import { createBulkhead } from './bulkhead.ts';
import type { Circuit, CircuitView } from './circuit.ts';
import { createCircuits } from './circuits.ts';
import type { Circuits, Credential } from './circuits.ts';
import type { Emit } from './facts.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { FailureTable } from './failure-table.ts';
import type { GuardSettings } from './guard-settings.ts';
import { cancelled, tagsOf } from './guarded-call.ts';
import type { AttemptContext, GuardedCall } from './guarded-call.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { RetryBudget } from './retry-budget.ts';
import { backoffMs, mayRepeat } from './retry.ts';
import { sleep } from './sleep.ts';
import { UpstreamError } from './upstream-error.ts';

export type { AttemptContext, CircuitView, Credential, GuardedCall, Lane };

export type GuardOptions = {
  clock: Clock;
  /** Numbers from 0 up to 1, for jitter. */
  random: () => number;
  emit: Emit;
  settings: GuardSettings;
  /** Other replicas, where there may be some. */
  fleet?: Fleet | undefined;
};

export type Guard = {
  /** Learns from other replicas how the circuits stand; called once, when every upstream is declared. */
  joinFleet(): Promise<void>;
  /** Makes the circuits of an upstream; called once for each at start. */
  upstream(name: string, table: FailureTable): void;
  /** What the upstream's statuses mean. */
  tableOf(upstream: string): FailureTable;
  /** The outcome of `call.attempt`, or an `UpstreamError`. Any other error is a fault in the attempt and passes unchanged. */
  run<T>(call: GuardedCall<T>): Promise<T>;
  /** Every circuit as it stands. */
  circuits(): CircuitView[];
  /**
   * Refuses every call through the named circuit (`vapi`, `vapi/<tenant>`) for `forMs`, or until it is closed by hand when null.
   * Undefined when there is no such upstream.
   */
  isolate(circuit: string, order: { reason: string; author: string; forMs: number | null }): CircuitView | undefined;
  /** Closes the named circuit by hand. Undefined when there is no such upstream. */
  close(circuit: string, order: { reason: string; author: string }): CircuitView | undefined;
};

type Line = { table: FailureTable; circuits: Circuits; budget: RetryBudget; deps: AttemptDeps };

export function createGuard({ clock, random, emit, settings, fleet }: GuardOptions): Guard {
  const lines = new Map<string, Line>();

  function upstream(name: string, table: FailureTable): void {
    if (lines.has(name)) throw new Error(`upstream ${name} is declared twice`);
    const circuits = createCircuits({ upstream: name, settings: settings.breaker, clock, emit, peer: fleet });
    const bulkhead = createBulkhead(clock, settings.bulkhead);
    const budget = createRetryBudget(clock, settings.retry.budget);
    const deps = { clock, emit, circuits, bulkhead, coolDownMs: settings.coolDownMs, fleet };
    lines.set(name, { table, circuits, budget, deps });
  }

  function run<T>(call: GuardedCall<T>): Promise<T> {
    const line = lines.get(call.upstream);
    if (!line) return Promise.reject(new Error(`upstream ${call.upstream} is not declared`));
    const endsMs = clock.monotonicMs() + call.deadlineMs;
    line.budget.earn();
    return new Promise((resolve, reject) => tryFrom(line, call, { attempt: 1, endsMs, resolve, reject }));
  }

  /** Makes the attempt and, as long as it fails and may be repeated, the next one after a wait. */
  function tryFrom<T>(line: Line, call: GuardedCall<T>, trial: Trial<T>): void {
    makeAttempt(line.deps, call, trial, (error) => {
      const waitMs = waitBeforeNext(line, call, trial, error);
      if (waitMs === undefined) return trial.reject(error);
      void sleep(clock, waitMs, call.signal).then((isAwake) => {
        if (isAwake) tryFrom(line, call, { ...trial, attempt: trial.attempt + 1 });
        else trial.reject(cancelled(call));
      });
    });
  }

  /** How long to wait before another attempt; undefined when there must be none. */
  function waitBeforeNext<T>(
    { table, budget }: Line,
    call: GuardedCall<T>,
    { attempt, endsMs }: Trial<T>,
    error: unknown,
  ): number | undefined {
    if (!(error instanceof UpstreamError) || attempt >= attemptsOf(call)) return undefined;
    if (!mayRepeat(error, { repeatable: call.repeatable, notProcessed: table.notProcessed ?? [] })) return undefined;
    const delayMs = backoffMs(attempt, error.retryAfterMs, settings.retry, random);
    if (clock.monotonicMs() + delayMs >= endsMs) return undefined;
    const about = { ...tagsOf(call), because: error.kind };
    if (!budget.spend()) {
      emit({ type: 'retry_budget_empty', ...about });
      return undefined;
    }
    emit({ type: 'retry_scheduled', ...about, attempt: attempt + 1, delayMs });
    return delayMs;
  }

  function attemptsOf<T>({ maxAttempts, lane }: GuardedCall<T>): number {
    return maxAttempts ?? (lane === 'job' ? 1 : settings.retry.maxAttempts);
  }

  function findCircuit(name: string): Circuit | undefined {
    const [upstreamName = ''] = name.split('/', 1);
    return lines.get(upstreamName)?.circuits.find(name);
  }

  function knownCircuit(name: string): Circuit | undefined {
    const [upstreamName = ''] = name.split('/', 1);
    return lines.get(upstreamName)?.circuits.known(name);
  }

  return {
    async joinFleet() {
      await fleet?.start(findCircuit, knownCircuit);
    },
    upstream,
    tableOf: (name) => lines.get(name)?.table ?? {},
    run,
    circuits: () => [...lines.values()].flatMap(({ circuits }) => circuits.list()),
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
