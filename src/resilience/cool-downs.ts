/**
 * Credentials that the upstream asked to be quiet (429) and until when. A cool-down is neither a failure nor a circuit: it holds
 * for that credential alone, and ends by itself.
 */
import type { Clock } from '../clock.ts';

export function createCoolDowns(clock: Clock) {
  const untilMs = new Map<string, number>();

  return {
    /** How long `key` still has to be quiet, in milliseconds; 0 when it may speak. */
    leftMs(key: string): number {
      const until = untilMs.get(key);
      if (until === undefined) return 0;
      const leftMs = until - clock.monotonicMs();
      if (leftMs <= 0) untilMs.delete(key);
      return Math.max(0, leftMs);
    },

    /** Starts a cool-down; one that already lasts longer stays. */
    start(key: string, forMs: number): void {
      const nowMs = clock.monotonicMs();
      for (const [other, until] of untilMs) if (until <= nowMs) untilMs.delete(other);
      untilMs.set(key, Math.max(untilMs.get(key) ?? 0, nowMs + forMs));
    },
  };
}
