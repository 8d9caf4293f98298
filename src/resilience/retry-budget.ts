/**
 * Keeps retries from making an outage worse: every request earns a fraction of a retry, and a small trickle lets a quiet upstream
 * retry now and then. However many callers fail together, repeats stay a tenth of the requests.
 */
import type { Clock } from '../clock.ts';

export type RetryBudgetSettings = {
  /** Retries that each request earns. */
  earnedPerRequest: number;
  /** Retries per second that are free, so that the first failure of a quiet hour may be repeated. */
  freePerSecond: number;
  /** Retries that may be saved up. */
  savedAtMost: number;
};

export type RetryBudget = { earn(): void; spend(): boolean };

export function createRetryBudget(clock: Clock, settings: RetryBudgetSettings): RetryBudget {
  let saved = settings.savedAtMost;
  let countedMs = clock.monotonicMs();

  function save(amount: number): void {
    saved = Math.min(settings.savedAtMost, saved + amount);
  }

  return {
    /** Called once for each request, not for its retries. */
    earn() {
      save(settings.earnedPerRequest);
    },
    /** Takes one retry if there is one. */
    spend() {
      const nowMs = clock.monotonicMs();
      save(((nowMs - countedMs) / 1_000) * settings.freePerSecond);
      countedMs = nowMs;
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
