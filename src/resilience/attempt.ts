/**
 * One attempt: breaker(timeout(bulkhead(work))). It asks both circuits, waits for a place, runs the work against the clock, and gives
 * the permits back with what the outcome says about the upstream. Written out as one object rather than as nested functions, since
 * this is what every outbound call pays for.
 */
import type { Clock } from '../clock.ts';
import type { Bulkhead, LaneRoom } from './bulkhead.ts';
import type { Circuit } from './circuit.ts';
import { isRejection } from './circuits.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Circuits, Passage, Rejection } from './circuits.ts';
import type { AttemptFinished, Emit } from './facts.ts';
import { cancelled, outOfTime, overloaded, tagsOf } from './guarded-call.ts';
import type { AttemptContext, CallTags, GuardedCall } from './guarded-call.ts';
import { networkError } from './network-error.ts';
import { UpstreamError, verdictOf } from './upstream-error.ts';

export type AttemptDeps = {
  clock: Clock;
  emit: Emit;
  circuits: Circuits;
  bulkhead: Bulkhead;
  /** How long a credential is quiet after a 429 that names no time, in milliseconds. */
  coolDownMs: number;
  /** Other replicas, who must not probe at the same time. */
  fleet?: Fleet | undefined;
};

/** A probe's lease outlives its attempt by this much, so that its own time-out speaks first. */
const LEASE_SLACK_MS = 1_000;
/** A time-out that the deadline cut shorter than this part of the attempt's time says nothing about the upstream. */
const FAIR_PART = 0.5;

/** One attempt of a call: its number from 1, when the call must be over, and who waits for it. */
export type Trial<T> = {
  attempt: number;
  endsMs: number;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
};

/** Makes the attempt; ends it in `trial.resolve`, or in `onError` with an `UpstreamError` or a fault of the work. */
export function makeAttempt<T>(
  deps: AttemptDeps,
  call: GuardedCall<T>,
  { attempt, endsMs, resolve }: Trial<T>,
  onError: (error: unknown) => void,
): void {
  const startedMs = deps.clock.monotonicMs();
  const timeoutMs = Math.min(call.attemptTimeoutMs, endsMs - startedMs);
  if (timeoutMs <= 0) return onError(outOfTime(call, false));
  const enter = (goodProbesOf?: ReadonlyMap<Circuit, number>, giveBack?: () => void) => {
    if (call.signal?.aborted) {
      giveBack?.();
      return onError(cancelled(call));
    }
    const passage = deps.circuits.admit(call.credential, timeoutMs + LEASE_SLACK_MS, goodProbesOf);
    if (!isRejection(passage)) {
      return new Attempt({ deps, call, passage, attempt, timeoutMs, startedMs, resolve, reject: onError }).start();
    }
    giveBack?.();
    onError(rejected(deps, call, passage));
  };
  const toProbe = deps.fleet ? deps.circuits.toProbe(call.credential) : [];
  if (!deps.fleet || toProbe.length === 0) return enter();
  const busy = () => onError(rejected(deps, call, probedElsewhere(toProbe[0]!)));
  if (deps.fleet.isAsking(toProbe)) return busy();
  deps.fleet
    .askToProbe(toProbe, timeoutMs + LEASE_SLACK_MS)
    .then((grant) => (grant === 'busy' ? busy() : enter(grant.goodProbesOf, grant.giveBack)))
    .catch(onError);
}

function probedElsewhere({ ref }: Circuit): Rejection {
  return { circuit: ref, because: 'probing', retryAfterMs: 1_000 };
}

function rejected({ emit }: AttemptDeps, call: CallTags, { circuit, because, retryAfterMs }: Rejection): UpstreamError {
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

type AttemptParts<T> = {
  deps: AttemptDeps;
  call: GuardedCall<T>;
  passage: Passage;
  attempt: number;
  timeoutMs: number;
  startedMs: number;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
};

class Attempt<T> implements AttemptContext {
  readonly #of: AttemptParts<T>;
  #phase: 'waiting' | 'under_way' | 'over' = 'waiting';
  #stopTimer: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #controller: AbortController | undefined;

  constructor(parts: AttemptParts<T>) {
    this.#of = parts;
  }

  get attempt(): number {
    return this.#of.attempt;
  }

  get timeoutMs(): number {
    return this.#of.timeoutMs;
  }

  /** Made when it is first asked for, since fast work never does. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#phase === 'over') this.#controller.abort();
    return this.#controller.signal;
  }

  start(): void {
    const { deps, call, timeoutMs } = this.#of;
    this.#stopTimer = deps.clock.setTimer(timeoutMs, () => this.#stop(this.#lateError()));
    this.#heedCaller();
    if (this.#room.enter(call.credential?.tenant)) this.#begin();
    else void this.#waitForPlace();
  }

  get #room(): LaneRoom {
    return this.#of.deps.bulkhead[this.#of.call.lane];
  }

  get #tenant(): string | undefined {
    return this.#of.call.credential?.tenant;
  }

  #heedCaller(): void {
    const { signal } = this.#of.call;
    if (!signal) return;
    this.#cancel = () => this.#stop(cancelled(this.#of.call));
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  async #waitForPlace(): Promise<void> {
    const answer = await this.#room.wait(this.#tenant, this.timeoutMs, this.signal);
    if (answer === 'entered') {
      if (this.#phase === 'over') this.#room.leave(this.#tenant);
      else this.#begin();
      return;
    }
    const { lane } = this.#of.call;
    this.#of.deps.emit({ type: 'bulkhead_full', ...tagsOf(this.#of.call), lane, because: answer });
    this.#fail(overloaded(this.#of.call));
  }

  /** The place is given back when the work is really over, which may be after its time: then nobody hears it any more. */
  #begin(): void {
    this.#phase = 'under_way';
    startOf(this.#of.call, this).then(
      (value) => {
        this.#room.leave(this.#tenant);
        this.#succeed(value);
      },
      (error: unknown) => {
        this.#room.leave(this.#tenant);
        this.#fail(error);
      },
    );
  }

  /** Whoever was still in line when the time was over never reached the upstream. */
  #lateError(): UpstreamError {
    return this.#phase === 'waiting' ? overloaded(this.#of.call) : outOfTime(this.#of.call, true);
  }

  #stop(error: UpstreamError): void {
    this.#fail(error);
    this.#controller?.abort();
  }

  #succeed(value: T): void {
    if (!this.#isFirstToEnd()) return;
    this.#of.passage.succeed();
    this.#report();
    this.#of.resolve(value);
  }

  #fail(thrown: unknown): void {
    if (!this.#isFirstToEnd()) return;
    const error = this.#understood(thrown);
    this.#settle(error);
    this.#report(error);
    this.#of.reject(error);
  }

  #isFirstToEnd(): boolean {
    if (this.#phase === 'over') return false;
    this.#phase = 'over';
    this.#stopTimer?.();
    if (this.#cancel) this.#of.call.signal?.removeEventListener('abort', this.#cancel);
    return true;
  }

  /** As an `UpstreamError` where it is one of the wire. A 429 that names no time is given ours, so that a retry comes after the cool-down. */
  #understood(thrown: unknown): unknown {
    if (!(thrown instanceof UpstreamError)) return networkError(this.#of.call.upstream, thrown) ?? thrown;
    if (thrown.kind !== 'rate_limited' || thrown.retryAfterMs !== undefined) return thrown;
    const { kind, upstream, detail, connected, status, body } = thrown;
    return new UpstreamError({
      kind,
      upstream,
      detail,
      connected,
      status,
      body,
      retryAfterMs: this.#of.deps.coolDownMs,
    });
  }

  #settle(error: unknown): void {
    const verdict = error instanceof UpstreamError ? verdictOf(error.kind) : 'none';
    if (verdict === 'answered') return this.#of.passage.succeed();
    if (verdict === 'failure' && this.#isFair(error as UpstreamError)) {
      return this.#of.passage.fail(recordOf(this.#of.call, error as UpstreamError));
    }
    if (verdict === 'cool_down') {
      const { retryAfterMs = this.#of.deps.coolDownMs } = error as UpstreamError;
      this.#of.deps.circuits.coolDown(this.#of.call.credential, retryAfterMs);
    }
    return this.#of.passage.release();
  }

  #isFair({ kind, status }: UpstreamError): boolean {
    if (kind !== 'timeout' || status !== undefined) return true;
    return this.#of.deps.clock.monotonicMs() - this.#of.startedMs >= this.#of.call.attemptTimeoutMs * FAIR_PART;
  }

  #report(error?: unknown): void {
    const { upstream, credential, operation } = this.#of.call;
    const fact: AttemptFinished = {
      type: 'attempt_finished',
      upstream,
      scope: credential ? 'credential' : 'upstream',
      operation,
      outcome: error === undefined ? 'ok' : error instanceof UpstreamError ? error.kind : 'fault',
      durationMs: this.#of.deps.clock.monotonicMs() - this.#of.startedMs,
      attempt: this.attempt,
    };
    if (credential) fact.tenant = credential.tenant;
    if (error instanceof UpstreamError && error.status !== undefined) fact.status = error.status;
    this.#of.deps.emit(fact);
  }
}

/** Work that throws instead of rejecting is no different. */
function startOf<T>(call: GuardedCall<T>, context: AttemptContext): Promise<T> {
  try {
    return call.attempt(context);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Without the vendor's own words: what it said to one tenant is not for the log lines of a circuit. */
function recordOf(call: CallTags, { status, detail }: UpstreamError) {
  if (status === undefined) return { reason: detail, operation: call.operation };
  return { reason: `it answered ${status}`, operation: call.operation, status };
}
