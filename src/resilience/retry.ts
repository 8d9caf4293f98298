/**
 * Whether a failed attempt is repeated, and when. Only what is safe to repeat is: a repeatable operation, a request that never
 * reached the upstream, or a refusal by which the vendor promises that it did nothing. The wait is what the upstream asked for plus
 * full jitter, so that a thousand callers that failed together do not come back together.
 */
import type { UpstreamError } from './upstream-error.ts';

export type BackoffSettings = {
  /** The longest first wait, in milliseconds; it doubles with each attempt. */
  baseMs: number;
  /** No wait is longer, apart from what the upstream asks for. */
  capMs: number;
};

export type Repeatability = {
  /** Repeating the operation does no harm. */
  repeatable: boolean;
  /** Statuses by which this vendor promises that it did nothing. */
  notProcessed: readonly number[];
};

/** Whether repeating after `error` is safe and sensible. A refusal by a circuit, a cool-down or a full bulkhead never is. */
export function mayRepeat(error: UpstreamError, { repeatable, notProcessed }: Repeatability): boolean {
  switch (error.kind) {
    case 'network':
      return repeatable || !error.connected;
    case 'timeout':
    case 'upstream':
      return repeatable || isPromisedUndone(error, notProcessed);
    case 'rate_limited':
      return error.status !== undefined && (repeatable || isPromisedUndone(error, notProcessed));
    default:
      return false;
  }
}

/** Milliseconds to wait before attempt `attempt + 1`; `random` gives numbers from 0 up to 1. */
export function backoffMs(
  attempt: number,
  retryAfterMs: number | undefined,
  { baseMs, capMs }: BackoffSettings,
  random: () => number,
): number {
  const widthMs = Math.min(capMs, baseMs * 2 ** (attempt - 1));
  return (retryAfterMs ?? 0) + random() * widthMs;
}

function isPromisedUndone(error: UpstreamError, notProcessed: readonly number[]): boolean {
  return error.status !== undefined && notProcessed.includes(error.status);
}
