/**
 * The circuit breaker as a pure state machine: (state, event, now) -> state, facts, decision. It opens on the third failure in
 * a row, refuses for the recovery time, then lets one probe through at a time and closes after two good ones. Each change of
 * state is a new generation, and a result that carries an older ticket changes nothing. Time is monotonic milliseconds;
 * the state is plain JSON, so that a store may share it.
 */
import type { BreakerFact } from './facts.ts';

export type BreakerSettings = {
  /** Failures in a row that open the circuit. */
  threshold: number;
  /** How long it stays open before the first probe, in milliseconds. */
  recoveryMs: number;
  /** Good probes in a row that close it. */
  successThreshold: number;
};

type NotClosed = { generation: number; notClosedSinceMs: number; reason: string };

export type BreakerState =
  | { tag: 'closed'; generation: number; failures: number }
  | (NotClosed & { tag: 'open'; openedAtMs: number; again: boolean })
  | (NotClosed & { tag: 'half_open'; successes: number; lease: Lease | null; leasesGiven: number })
  | (NotClosed & { tag: 'isolated'; author: string; untilMs: number | null });

/** The right to be the one probe. It ends by itself, so that a probe that hangs or died blocks nobody for long. */
type Lease = { id: number; expiresAtMs: number };

/** What an admitted call hands back with its result. `lease` is 0 for a call that is no probe. */
export type Ticket = { generation: number; lease: number };

export type BreakerEvent =
  /**
   * `early`: a caller whose evidence is wanted before the recovery time is over. `goodProbes`: how many of other replicas' probes
   * were good since it opened, where this one is the fleet's probe.
   */
  | { type: 'admit'; leaseMs: number; early?: boolean; goodProbes?: number }
  | { type: 'succeeded'; ticket: Ticket }
  /** `uncorroborated`: it counts, but does not open a closed circuit by itself. */
  | { type: 'failed'; ticket: Ticket; reason: string; uncorroborated?: boolean }
  /** The call ended without saying anything about the upstream: cancelled, cooled down, never sent. */
  | { type: 'released'; ticket: Ticket }
  | { type: 'isolate'; reason: string; author: string; forMs: number | null }
  | { type: 'close'; reason: string; author: string }
  /** The replicas agree that the upstream is down; probes wait for `leftMs`. */
  | { type: 'opened_elsewhere'; reason: string; leftMs: number }
  | { type: 'closed_elsewhere'; reason: string; author?: string };

export type Refusal = { because: 'open' | 'probing' | 'isolated'; retryAfterMs: number };
export type Decision = { admitted: Ticket } | { refused: Refusal };
export type Move = { state: BreakerState; facts: readonly BreakerFact[]; decision?: Decision };

const NO_FACTS: readonly BreakerFact[] = [];
/** A refusal during a probe lasts as long as the probe; a caller is told to come back soon, not after the whole lease. */
const PROBING_RETRY_MS = 1_000;

export const initialState: BreakerState = { tag: 'closed', generation: 0, failures: 0 };

/** What `event` does to `state` at `nowMs` (monotonic). Never changes its arguments. */
export function move(state: BreakerState, event: BreakerEvent, nowMs: number, settings: BreakerSettings): Move {
  switch (event.type) {
    case 'admit':
      return admit(state, event, nowMs, settings);
    case 'succeeded':
      return isCurrent(state, event.ticket) ? succeeded(state, nowMs, settings) : stay(state);
    case 'failed':
      return isCurrent(state, event.ticket) ? failed(state, event, nowMs, settings) : stay(state);
    case 'released':
      return isCurrent(state, event.ticket) ? released(state) : stay(state);
    case 'isolate':
      return isolate(state, event, nowMs);
    case 'opened_elsewhere':
      return openedElsewhere(state, event, nowMs, settings);
    case 'closed_elsewhere':
      return closeByHand(state, event, nowMs);
    default:
      return closeByHand(state, event, nowMs);
  }
}

/** Why a call would be refused now; undefined when it would be admitted. `early` does not wait for the recovery time. */
export function refusalOf(
  state: BreakerState,
  nowMs: number,
  settings: BreakerSettings,
  early = false,
): Refusal | undefined {
  if (state.tag === 'closed') return undefined;
  if (state.tag === 'half_open') {
    const leaseLeftMs = (state.lease?.expiresAtMs ?? nowMs) - nowMs;
    return leaseLeftMs > 0 ? { because: 'probing', retryAfterMs: Math.min(leaseLeftMs, PROBING_RETRY_MS) } : undefined;
  }
  if (state.tag === 'isolated') {
    const leftMs = state.untilMs === null ? settings.recoveryMs : state.untilMs - nowMs;
    return leftMs > 0 ? { because: 'isolated', retryAfterMs: leftMs } : undefined;
  }
  const leftMs = early ? 0 : state.openedAtMs + settings.recoveryMs - nowMs;
  return leftMs > 0 ? { because: 'open', retryAfterMs: leftMs } : undefined;
}

/** How long the circuit has not been closed, in milliseconds; 0 while it is closed. */
export function notClosedMs(state: BreakerState, nowMs: number): number {
  return state.tag === 'closed' ? 0 : Math.max(0, nowMs - state.notClosedSinceMs);
}

function admit(
  state: BreakerState,
  event: { leaseMs: number; early?: boolean; goodProbes?: number },
  nowMs: number,
  settings: BreakerSettings,
): Move {
  const refused = refusalOf(state, nowMs, settings, event.early);
  if (refused) return { state, facts: NO_FACTS, decision: { refused } };
  if (state.tag === 'closed') {
    return { state, facts: NO_FACTS, decision: { admitted: { generation: state.generation, lease: 0 } } };
  }
  const facts = state.tag === 'half_open' ? NO_FACTS : beginProbing(state, nowMs);
  const probing = state.tag === 'half_open' ? state : halfOpen(state);
  const lease = { id: probing.leasesGiven + 1, expiresAtMs: nowMs + event.leaseMs };
  const successes = event.goodProbes ?? probing.successes;
  return {
    state: { ...probing, successes, lease, leasesGiven: lease.id },
    facts,
    decision: { admitted: { generation: probing.generation, lease: lease.id } },
  };
}

/** The reasons are ours alone: what a vendor or a person said must not find its way into every later line. */
function beginProbing(state: BreakerState & NotClosed, nowMs: number): readonly BreakerFact[] {
  const common = { generation: state.generation + 1, notClosedMs: notClosedMs(state, nowMs) };
  const probing: BreakerFact = { ...common, type: 'breaker_probing', reason: 'one call at a time may try' };
  if (state.tag !== 'isolated') return [probing];
  return [{ ...common, type: 'breaker_released', reason: 'the isolation has expired' }, probing];
}

function halfOpen(state: BreakerState & NotClosed): BreakerState & { tag: 'half_open' } {
  const { generation, notClosedSinceMs, reason } = state;
  return {
    tag: 'half_open',
    generation: generation + 1,
    notClosedSinceMs,
    reason,
    successes: 0,
    lease: null,
    leasesGiven: 0,
  };
}

/** A ticket counts only in the generation that gave it, and a probe's only while it still holds the lease. */
function isCurrent(state: BreakerState, ticket: Ticket): boolean {
  if (state.generation !== ticket.generation) return false;
  return state.tag !== 'half_open' || state.lease?.id === ticket.lease;
}

function succeeded(state: BreakerState, nowMs: number, settings: BreakerSettings): Move {
  if (state.tag === 'closed') return stay(state.failures === 0 ? state : { ...state, failures: 0 });
  if (state.tag !== 'half_open') return stay(state);
  const successes = state.successes + 1;
  if (successes < settings.successThreshold) return stay({ ...state, successes, lease: null });
  return closed(state, nowMs, `${successes} probes in a row were answered`);
}

function failed(
  state: BreakerState,
  event: { reason: string; uncorroborated?: boolean },
  nowMs: number,
  settings: BreakerSettings,
): Move {
  if (state.tag !== 'closed' && state.tag !== 'half_open') return stay(state);
  const { generation } = state;
  const consecutive = state.tag === 'closed' ? state.failures + 1 : 1;
  const elapsedMs = notClosedMs(state, nowMs);
  const counted: BreakerFact = {
    type: 'breaker_failure',
    generation,
    notClosedMs: elapsedMs,
    reason: event.reason,
    consecutive,
  };
  if (state.tag === 'closed' && (consecutive < settings.threshold || event.uncorroborated)) {
    return { state: { ...state, failures: consecutive }, facts: [counted] };
  }
  const what = state.tag === 'half_open' ? 'the probe failed' : `${consecutive} failures in a row, the last`;
  const { state: open, facts } = opened(state, nowMs, settings, `${what}: ${event.reason}`);
  return { state: open, facts: [counted, ...facts] };
}

function released(state: BreakerState): Move {
  return stay(state.tag === 'half_open' ? { ...state, lease: null } : state);
}

function opened(state: BreakerState, nowMs: number, settings: BreakerSettings, reason: string): Move {
  const generation = state.generation + 1;
  const again = state.tag === 'half_open';
  const notClosedSinceMs = state.tag === 'closed' ? nowMs : state.notClosedSinceMs;
  return {
    state: { tag: 'open', generation, notClosedSinceMs, reason, openedAtMs: nowMs, again },
    facts: [
      {
        type: 'breaker_opening',
        generation,
        notClosedMs: nowMs - notClosedSinceMs,
        reason,
        again,
        recoveryMs: settings.recoveryMs,
      },
    ],
  };
}

function closed(state: BreakerState, nowMs: number, reason: string, author?: string): Move {
  const generation = state.generation + 1;
  const fact = { type: 'breaker_closing', generation, notClosedMs: notClosedMs(state, nowMs), reason } as const;
  return {
    state: { tag: 'closed', generation, failures: 0 },
    facts: [author === undefined ? fact : { ...fact, author }],
  };
}

function isolate(
  state: BreakerState,
  event: { reason: string; author: string; forMs: number | null },
  nowMs: number,
): Move {
  const { reason, author, forMs } = event;
  const generation = state.generation + 1;
  const notClosedSinceMs = state.tag === 'closed' ? nowMs : state.notClosedSinceMs;
  return {
    state: {
      tag: 'isolated',
      generation,
      notClosedSinceMs,
      reason,
      author,
      untilMs: forMs === null ? null : nowMs + forMs,
    },
    facts: [{ type: 'breaker_isolated', generation, notClosedMs: nowMs - notClosedSinceMs, reason, author, forMs }],
  };
}

/** An open circuit stays as it is but for the time; that is no new opening. */
function openedElsewhere(
  state: BreakerState,
  { reason, leftMs }: { reason: string; leftMs: number },
  nowMs: number,
  settings: BreakerSettings,
): Move {
  const openedAtMs = nowMs + leftMs - settings.recoveryMs;
  if (state.tag === 'open') return stay({ ...state, openedAtMs, again: false });
  const { state: open, facts } = opened(state, nowMs, settings, reason);
  return { state: { ...open, openedAtMs } as BreakerState, facts };
}

function closeByHand(state: BreakerState, event: { reason: string; author?: string }, nowMs: number): Move {
  if (state.tag === 'closed') return stay({ ...state, failures: 0 });
  const { state: next, facts } = closed(state, nowMs, event.reason, event.author);
  if (state.tag !== 'isolated') return { state: next, facts };
  const lifted: BreakerFact = {
    type: 'breaker_released',
    generation: next.generation,
    notClosedMs: notClosedMs(state, nowMs),
    reason: 'lifted by hand',
  };
  return { state: next, facts: [lifted, ...facts] };
}

function stay(state: BreakerState): Move {
  return { state, facts: NO_FACTS };
}
