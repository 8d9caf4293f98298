/**
 * How a call survives: retry(breaker(timeout(bulkhead(attempt)))). Retry stands outside the breaker, so that an upstream which
 * always fails is hit as often as the threshold says and no more; it never repeats a refusal. One guard serves every upstream; each
 * has its circuits, its retry budget and its bulkhead, so that a sick one harms only itself.
 */
import type { Clock } from '../clock.ts';
import { makeAttempt } from './attempt.ts';
import type { AttemptDeps } from './attempt.ts';
import type { Lane } from './bulkhead.ts';
import { createBulkhead } from './bulkhead.ts';
import type { Circuit, CircuitView } from './circuit.ts';
import { createCircuits } from './circuits.ts';
import type { Circuits, Credential } from './circuits.ts';
import type { Emit } from './facts.ts';
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
};

export type Guard = {
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

export function createGuard({ clock, random, emit, settings }: GuardOptions): Guard {
  const lines = new Map<string, Line>();

  function upstream(name: string, table: FailureTable): void {
    if (lines.has(name)) throw new Error(`upstream ${name} is declared twice`);
    const circuits = createCircuits({ upstream: name, settings: settings.breaker, clock, emit });
    const bulkhead = createBulkhead(clock, settings.bulkhead);
    const budget = createRetryBudget(clock, settings.retry.budget);
    const deps = { clock, emit, circuits, bulkhead, coolDownMs: settings.coolDownMs };
    lines.set(name, { table, circuits, budget, deps });
  }

  function run<T>(call: GuardedCall<T>): Promise<T> {
    const line = lines.get(call.upstream);
    if (!line) return Promise.reject(new Error(`upstream ${call.upstream} is not declared`));
    const endsMs = clock.monotonicMs() + call.deadlineMs;
    line.budget.earn();
    return new Promise((resolve, reject) => {
      // Only a call whose first attempt failed pays for the loop.
      const onError = (error: unknown) => void repeat(line, call, error, endsMs).then(resolve, reject);
      makeAttempt(line.deps, call, { attempt: 1, endsMs }, resolve, onError);
    });
  }

  async function repeat<T>(line: Line, call: GuardedCall<T>, firstError: unknown, endsMs: number): Promise<T> {
    const maxAttempts = call.maxAttempts ?? (call.lane === 'job' ? 1 : settings.retry.maxAttempts);
    let error = firstError;
    for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
      const waitMs = waitBeforeNext(line, call, { error, attempt, endsMs });
      if (waitMs === undefined) break;
      if (!(await sleep(clock, waitMs, call.signal))) throw cancelled(call);
      try {
        const number = attempt + 1;
        return await new Promise<T>((resolve, reject) =>
          makeAttempt(line.deps, call, { attempt: number, endsMs }, resolve, reject),
        );
      } catch (next) {
        error = next;
      }
    }
    throw error;
  }

  /** How long to wait before another attempt; undefined when there must be none. */
  function waitBeforeNext<T>(
    line: Line,
    call: GuardedCall<T>,
    { error, attempt, endsMs }: { error: unknown; attempt: number; endsMs: number },
  ): number | undefined {
    if (!(error instanceof UpstreamError)) return undefined;
    const { notProcessed = [] } = line.table;
    if (!mayRepeat(error, { repeatable: call.repeatable, notProcessed })) return undefined;
    const delayMs = backoffMs(attempt, error.retryAfterMs, settings.retry, random);
    if (clock.monotonicMs() + delayMs >= endsMs) return undefined;
    const because = error.kind;
    if (!line.budget.spend()) {
      emit({ type: 'retry_budget_empty', ...tagsOf(call), because });
      return undefined;
    }
    emit({ type: 'retry_scheduled', ...tagsOf(call), because, attempt: attempt + 1, delayMs });
    return delayMs;
  }

  function findCircuit(name: string): Circuit | undefined {
    const [upstreamName = ''] = name.split('/', 1);
    return lines.get(upstreamName)?.circuits.find(name);
  }

  return {
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
