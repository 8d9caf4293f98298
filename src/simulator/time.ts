import type { Clock } from '../clock.ts';

/**
 * Two times. The *wire* clock is the real one: network delays, and the limits that a vendor puts on a webhook.
 * The *story* clock may run faster: how long people talk, how long an outage lasts. Its date is that of the wire all
 * the same: whoever compares a vendor's record with its own clock must not find it hours ahead. A record that has a
 * length counts it in story time from the date of its start.
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
  const nowMs = () => storyMs + (wire.monotonicMs() - wireMs) * scale;
  const story: Clock = {
    monotonicMs: nowMs,
    now: () => wire.now(),
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

/** The same clock, whose timers all end at once when it is stopped: nothing of a closed simulator lives on. */
export function stoppable(clock: Clock): { clock: Clock; stop(): void } {
  const running = new Set<() => void>();
  const setTimer: Clock['setTimer'] = (ms, run) => {
    const cancelTimer = clock.setTimer(ms, () => {
      running.delete(cancel);
      run();
    });
    const cancel = () => {
      running.delete(cancel);
      cancelTimer();
    };
    running.add(cancel);
    return cancel;
  };
  return {
    clock: { monotonicMs: () => clock.monotonicMs(), now: () => clock.now(), setTimer },
    stop: () => running.forEach((cancel) => cancel()),
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
