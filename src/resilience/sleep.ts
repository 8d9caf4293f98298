/** Waiting on a clock that is passed in, without ever waking early. */
import type { Clock } from '../clock.ts';

/** Waits at least `ms`; false when `signal` aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  const wakeMs = clock.monotonicMs() + ms;
  return new Promise((resolve) => {
    let stopTimer = clock.setTimer(ms, wake);
    signal?.addEventListener('abort', giveUp, { once: true });

    // Timers of the platform may fire up to a millisecond early; a `Retry-After` must not be broken by that.
    function wake() {
      const leftMs = wakeMs - clock.monotonicMs();
      if (leftMs > 0) {
        stopTimer = clock.setTimer(Math.ceil(leftMs), wake);
        return;
      }
      signal?.removeEventListener('abort', giveUp);
      resolve(true);
    }
    function giveUp() {
      stopTimer();
      resolve(false);
    }
  });
}
