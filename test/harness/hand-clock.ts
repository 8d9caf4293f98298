import type { Clock } from '../../src/clock.ts';

export type HandClock = Clock & {
  /** Moves time forward and runs every timer that falls due on the way, in order. */
  advance(ms: number): void;
  /** How many timers wait. */
  pending(): number;
};

/** A clock that stands still until a test turns it. */
export function createHandClock(start = new Date('2026-01-01T00:00:00Z')): HandClock {
  let elapsedMs = 0;
  const timers = new Set<{ dueMs: number; run: () => void }>();

  return {
    monotonicMs: () => elapsedMs,
    now: () => new Date(start.getTime() + elapsedMs),
    setTimer(ms, run) {
      const timer = { dueMs: elapsedMs + Math.max(0, ms), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const untilMs = elapsedMs + ms;
      for (let next = earliest(timers, untilMs); next; next = earliest(timers, untilMs)) {
        timers.delete(next);
        elapsedMs = Math.max(elapsedMs, next.dueMs);
        next.run();
      }
      elapsedMs = untilMs;
    },
    pending: () => timers.size,
  };
}

function earliest<T extends { dueMs: number }>(timers: Set<T>, untilMs: number): T | undefined {
  let first: T | undefined;
  for (const timer of timers) {
    if (timer.dueMs <= untilMs && (!first || timer.dueMs < first.dueMs)) first = timer;
  }
  return first;
}
