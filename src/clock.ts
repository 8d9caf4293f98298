/**
 * Time as an input. Breakers, limits, leases and time-outs read `monotonicMs`, which no clock change can move;
 * only records carry `now`. Tests pass a clock that is turned by hand.
 */
export type Clock = {
  /** Milliseconds from an arbitrary origin, never going back. */
  monotonicMs(): number;
  /** Wall time, for records that people read. */
  now(): Date;
  /** Calls `run` once after `ms` milliseconds; the answer cancels it. */
  setTimer(ms: number, run: () => void): () => void;
};

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  setTimer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
