import type { Clock } from '../clock.ts';

/**
 * Two times. The *wire* clock is the real one: network delays, and the limits that a vendor puts on a webhook.
 * The *story* clock may run faster: how long people talk, how long an outage lasts, what the records say.
 */
export type Time = { wire: Clock; story: Clock };

/** `timeScale` 100 makes an hour of story pass in 36 seconds. */
export function makeTime(wire: Clock, timeScale: number): Time {
  return { wire, story: timeScale === 1 ? wire : scaledClock(wire, timeScale) };
}

/** Waits on `clock`; an aborted signal ends the wait early. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

function scaledClock(base: Clock, scale: number): Clock {
  const monotonicStart = base.monotonicMs();
  const wallStart = base.now().getTime();
  const elapsedMs = () => (base.monotonicMs() - monotonicStart) * scale;
  return {
    monotonicMs: () => monotonicStart + elapsedMs(),
    now: () => new Date(wallStart + elapsedMs()),
    setTimer: (ms, run) => base.setTimer(ms / scale, run),
  };
}
