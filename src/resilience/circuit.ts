/**
 * One circuit in memory: the state machine of `breaker.ts` with a clock, a store and somebody to tell. Callers ask `admit`, get a
 * permit or a refusal at once, and give the permit back with what came of the call. It keeps no timer: an open circuit
 * becomes half-open when the first caller after the recovery time asks.
 */
import type { Clock } from '../clock.ts';
import { initialState, move, notClosedMs, refusalOf } from './breaker.ts';
import type { BreakerEvent, BreakerSettings, BreakerState, Decision, Refusal, Ticket } from './breaker.ts';
import type { CircuitRef, Emit } from './facts.ts';

/** Where a circuit's state lives. The memory of this process by default; a shared store keeps a local copy and publishes writes. */
export type BreakerStore = { read(): BreakerState; write(next: BreakerState): void };

/** Hears what happens to a circuit, so that other replicas may know; it must not throw, and nobody waits for it. */
export type Peer = { heard(circuit: Circuit, event: BreakerEvent, before: BreakerState, after: BreakerState): void };

export type CircuitOptions = {
  ref: CircuitRef;
  settings: BreakerSettings;
  clock: Clock;
  emit: Emit;
  store?: BreakerStore;
  peer?: Peer | undefined;
};

export type FailureRecord = { at: string; operation: string; reason: string; status?: number };

export type CircuitView = CircuitRef & {
  state: BreakerState['tag'];
  generation: number;
  notClosedMs: number;
  consecutiveFailures: number;
  /** When a call would be let through, at the earliest; 0 while closed. */
  retryAfterMs: number;
  reason?: string;
  isolatedBy?: string;
  /** How long the isolation still lasts; null is until a person lifts it. */
  isolatedForMs?: number | null;
  /** The latest failures, newest last, at most ten. */
  lastFailures: readonly FailureRecord[];
};

const FAILURES_KEPT = 10;

export function createCircuit(options: CircuitOptions): Circuit {
  const circuit = new Circuit(options);
  const { ref, emit } = options;
  emit({ ...ref, type: 'breaker_initialised', generation: circuit.state.generation, notClosedMs: 0, reason: 'start' });
  return circuit;
}

/** A class, since there is one per credential: its methods cost no memory per tenant. */
export class Circuit {
  readonly ref: CircuitRef;
  readonly #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #store: BreakerStore | undefined;
  readonly #peer: Peer | undefined;
  /** Other replicas wait to hear that the upstream answers, though this one has nothing to forget. */
  isAwaited = false;
  #own: BreakerState = initialState;
  #lastFailures: FailureRecord[] | undefined;
  #sharedTicket: Ticket = { generation: initialState.generation, lease: 0 };

  constructor({ ref, settings, clock, emit, store, peer }: CircuitOptions) {
    this.ref = ref;
    this.#settings = settings;
    this.#clock = clock;
    this.#emit = emit;
    this.#store = store;
    this.#peer = peer;
  }

  get state(): BreakerState {
    return this.#store ? this.#store.read() : this.#own;
  }

  /** Why a call would be refused now; undefined when it would be admitted. Changes nothing. */
  refusal(early = false): Refusal | undefined {
    return refusalOf(this.state, this.#clock.monotonicMs(), this.#settings, early);
  }

  /** A permit to call, or why not. A probe's permit is worth nothing after `leaseMs`. */
  admit(leaseMs: number, early = false): { permit: Permit } | { refusal: Refusal } {
    const refusal = this.refusal(early);
    return refusal ? { refusal } : { permit: this.enter(leaseMs, early) };
  }

  /** A permit, where `refusal` has just said that nothing stands against it. */
  enter(leaseMs: number, early = false, goodProbes?: number): Permit {
    const { state } = this;
    if (state.tag === 'closed') return new Permit(this, this.#ticketOf(state.generation));
    const decision = this.#apply({ type: 'admit', leaseMs, early, ...(goodProbes !== undefined && { goodProbes }) });
    if (decision && 'admitted' in decision) return new Permit(this, decision.admitted);
    throw new Error(`circuit ${this.ref.circuit} refused what it had just allowed`);
  }

  /** Settles an admitted call. Called through its permit. */
  settle(event: BreakerEvent): void {
    this.#apply(event);
  }

  /** The same for a good answer; nothing at all happens when there is nothing to forget, which is nearly always. */
  settleGood(ticket: Ticket): void {
    const { state } = this;
    if (state.tag !== 'closed' || state.failures > 0 || this.isAwaited) this.#apply({ type: 'succeeded', ticket });
  }

  /** Keeps a failure for people to read; it has no effect on the state. */
  remember(failure: Omit<FailureRecord, 'at'>): void {
    this.#lastFailures ??= [];
    if (this.#lastFailures.length === FAILURES_KEPT) this.#lastFailures.shift();
    this.#lastFailures.push({ at: this.#clock.now().toISOString(), ...failure });
  }

  /** Refuses every call until `forMs` is over, or until it is closed by hand when `forMs` is null. */
  isolate(order: { reason: string; author: string; forMs: number | null }): void {
    this.#apply({ type: 'isolate', ...order });
  }

  /** Closes it by hand, whatever state it is in. */
  close(order: { reason: string; author: string }): void {
    this.#apply({ type: 'close', ...order });
  }

  /** Follows what the replicas agreed on. */
  follow(event: Extract<BreakerEvent, { type: 'opened_elsewhere' | 'closed_elsewhere' | 'isolate' }>): void {
    this.#apply(event, false);
  }

  notClosedMs(): number {
    return notClosedMs(this.state, this.#clock.monotonicMs());
  }

  snapshot(): CircuitView {
    const { state } = this;
    const nowMs = this.#clock.monotonicMs();
    const view: CircuitView = {
      ...this.ref,
      state: state.tag,
      generation: state.generation,
      notClosedMs: notClosedMs(state, nowMs),
      consecutiveFailures: state.tag === 'closed' ? state.failures : 0,
      retryAfterMs: refusalOf(state, nowMs, this.#settings)?.retryAfterMs ?? 0,
      lastFailures: [...(this.#lastFailures ?? [])],
    };
    if (state.tag !== 'closed') view.reason = state.reason;
    if (state.tag === 'isolated') {
      view.isolatedBy = state.author;
      view.isolatedForMs = state.untilMs === null ? null : Math.max(0, state.untilMs - nowMs);
    }
    return view;
  }

  /** Calls of one generation that are no probes share a ticket. */
  #ticketOf(generation: number): Ticket {
    if (this.#sharedTicket.generation !== generation) this.#sharedTicket = { generation, lease: 0 };
    return this.#sharedTicket;
  }

  #apply(event: BreakerEvent, isOurs = true): Decision | undefined {
    const before = this.state;
    const { state, facts, decision } = move(before, event, this.#clock.monotonicMs(), this.#settings);
    if (state !== before) this.#write(state);
    for (const fact of facts) this.#emit({ ...this.ref, ...fact });
    if (isOurs) this.#peer?.heard(this, event, before, state);
    return decision;
  }

  #write(next: BreakerState): void {
    if (this.#store) this.#store.write(next);
    else this.#own = next;
  }
}

/** The right to make one call. Exactly one of its methods is called when the call is over; a second one has no effect. */
export class Permit {
  readonly #circuit: Circuit;
  #ticket: Ticket | undefined;

  constructor(circuit: Circuit, ticket: Ticket) {
    this.#circuit = circuit;
    this.#ticket = ticket;
  }

  get isProbe(): boolean {
    return (this.#ticket?.lease ?? 0) > 0;
  }

  succeed(): void {
    const ticket = this.#take();
    if (ticket) this.#circuit.settleGood(ticket);
  }

  /** `uncorroborated`: count it, but do not open a closed circuit for it. */
  fail(reason: string, uncorroborated = false): void {
    const ticket = this.#take();
    if (ticket) this.#circuit.settle({ type: 'failed', ticket, reason, uncorroborated });
  }

  /** The upstream answered, though not what was hoped for: no failure, and a sign of life. */
  ignore(): void {
    this.succeed();
  }

  /** The call said nothing about the upstream; a probe's place is free for another. */
  release(): void {
    const ticket = this.#take();
    if (ticket) this.#circuit.settle({ type: 'released', ticket });
  }

  #take(): Ticket | undefined {
    const ticket = this.#ticket;
    this.#ticket = undefined;
    return ticket;
  }
}
