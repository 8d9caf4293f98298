/**
 * What resilience tells the rest of the house: facts, never words. One place in the house turns them into log lines and metrics.
 * One fact is one event: every move of a circuit into `open` is exactly one `breaker_opening`, also when a probe failed, and every
 * move into `closed` exactly one `breaker_closing`, over both scopes. So a counter that adds one per fact equals the lines written.
 */
import type { ErrorKind } from './upstream-error.ts';

export type Emit = (fact: ResilienceFact) => void;

/** Whose circuit it is: the upstream's own (`vapi`), or one credential's at that upstream (`vapi/<tenant>`). */
export type CircuitRef = { circuit: string; upstream: string; scope: 'upstream' | 'credential'; tenant?: string };

/** What the state machine says about itself; the circuit adds whose it is. */
export type BreakerFact = { generation: number; notClosedMs: number; reason: string } & (
  | { type: 'breaker_initialised' }
  /** `again`: it was half-open and the probe failed. */
  | { type: 'breaker_opening'; again: boolean; recoveryMs: number }
  | { type: 'breaker_probing' }
  /** `author` is set when a person closed it by hand. */
  | { type: 'breaker_closing'; author?: string }
  | { type: 'breaker_isolated'; author: string; forMs: number | null }
  | { type: 'breaker_released' }
  | { type: 'breaker_failure'; consecutive: number }
);

export type RejectionReason = 'open' | 'probing' | 'isolated' | 'cool_down';

export type ResilienceFact =
  | (CircuitRef & BreakerFact)
  | (CircuitRef & { type: 'call_rejected'; operation: string; because: RejectionReason; retryAfterMs: number })
  | { type: 'cool_down_started'; upstream: string; tenant?: string; coolDownMs: number }
  | {
      type: 'retry_scheduled';
      upstream: string;
      tenant?: string;
      operation: string;
      attempt: number;
      delayMs: number;
      because: ErrorKind;
    }
  | { type: 'retry_budget_empty'; upstream: string; tenant?: string; operation: string; because: ErrorKind }
  | {
      type: 'bulkhead_full';
      upstream: string;
      tenant?: string;
      operation: string;
      lane: string;
      because: 'lane' | 'tenant';
    }
  | AttemptFinished
  | { type: 'limiter_degraded'; reason: string; replicas: number }
  | { type: 'limiter_recovered'; degradedMs: number }
  /** The circuits of this replica stand alone, and are kept in step with the others again. */
  | { type: 'fleet_lost'; reason: string }
  | { type: 'fleet_found'; lostMs: number }
  | { type: 'cache_refresh_failed'; cache: string; reason: string; ageMs: number }
  | { type: 'connection_opened'; upstream: string };

export type AttemptFinished = {
  type: 'attempt_finished';
  upstream: string;
  scope: 'upstream' | 'credential';
  tenant?: string;
  operation: string;
  outcome: 'ok' | ErrorKind | 'fault';
  status?: number;
  durationMs: number;
  attempt: number;
};
