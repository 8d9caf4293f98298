import type { Clock } from '../clock.ts';

/**
 * Two times. The *wire* clock is the real one: network delays, and the limits that a vendor puts on a webhook.
 * The *story* clock may run faster: how long people talk, how long an outage lasts, what the records say.
 */
export type Time = {
  wire: Clock;
  story: Clock;
  /** From now on the story runs this many times faster than the wire. Timers that already run keep their speed. */
  setScale(timeScale: number): void;
  scale(): number;
};

/** `timeScale` 100 makes an hour of story pass in 36 seconds. */
export function makeTime(wire: Clock, timeScale: number): Time {
  let scale = timeScale;
  let wireMs = wire.monotonicMs();
  let storyMs = wireMs;
  const wallOffsetMs = wire.now().getTime() - wireMs;
  const nowMs = () => storyMs + (wire.monotonicMs() - wireMs) * scale;
  const story: Clock = {
    monotonicMs: nowMs,
    now: () => new Date(wallOffsetMs + nowMs()),
    setTimer: (ms, run) => wire.setTimer(ms / scale, run),
  };
  return {
    wire,
    story,
    scale: () => scale,
    setScale(next) {
      if (!(next > 0)) throw new Error('The speed must be above 0');
      storyMs = nowMs();
      wireMs = wire.monotonicMs();
      scale = next;
    },
  };
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
