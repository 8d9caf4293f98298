/**
 * How long a caller waits for Vapi. While Vapi answers, each call has the whole budget. When several calls at once wait
 * much longer than answers have taken lately, and none comes, Vapi is silent: those calls give up together, long before
 * the circuit can open, and from then on one caller at a time asks, for a short while, until an answer comes. What was
 * given up goes on behind, so the circuit hears of it, and a slow answer teaches patience.
 */
import type { Clock } from '../../clock.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';

/** Vapi says nothing, and the caller has waited long enough, or is not made to wait at all. */
export class Silence extends Error {
  override readonly name = 'Silence';
}

export type Patience = {
  /** Rejects with `Silence`, or as `work` does. */
  ask<T>(deadlineMs: number, work: () => Promise<T>): Promise<T>;
};

type Asked = { startedMs: number };

const LEAST_MS = 900;
/** How many times longer than nearly all answers lately. */
const FACTOR = 3;
const REMEMBERED = 50;
/** With fewer answers nobody knows what is usual. */
const ENOUGH = 5;
const MANY = 3;
const LOOK_EVERY_MS = 50;

export function createPatience({ clock }: { clock: Clock }): Patience {
  const lately: number[] = [];
  const pending = new Set<Asked>();
  let lastAnswerMs = -Infinity;
  let isSilent = false;
  let scouts = 0;

  function usualMs(deadlineMs: number): number {
    if (lately.length < ENOUGH) return deadlineMs;
    const sorted = lately.toSorted((a, b) => a - b);
    const nearlyAll = sorted[Math.floor((sorted.length - 1) * 0.95)]!;
    return Math.min(deadlineMs, Math.max(LEAST_MS, FACTOR * nearlyAll));
  }

  function answered({ startedMs }: Asked): void {
    lastAnswerMs = clock.monotonicMs();
    isSilent = false;
    lately.push(lastAnswerMs - startedMs);
    if (lately.length > REMEMBERED) lately.shift();
  }

  function failed(asked: Asked, error: unknown): void {
    if (!(error instanceof UpstreamError)) return;
    if (error.kind === 'timeout') isSilent ||= lastAnswerMs < asked.startedMs;
    // An answer that refuses is an answer; whoever was not let through, or was cut off, has heard nothing of Vapi.
    else if (error.status !== undefined) answered(asked);
  }

  function noteSilence(waitMs: number): void {
    const nowMs = clock.monotonicMs();
    // Those who began before the last answer may be the exception.
    const overdue = [...pending].filter(({ startedMs }) => startedMs > lastAnswerMs && nowMs - startedMs >= waitMs);
    if (overdue.length >= MANY) isSilent = true;
  }

  /** Rejects when the caller should wait no longer; `until` ends the looking. */
  function enough(waitMs: number, until: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const look = () => {
        if (until.aborted) return;
        noteSilence(waitMs);
        if (isSilent) reject(new Silence('Vapi does not answer'));
        else end = clock.setTimer(LOOK_EVERY_MS, look);
      };
      let end = clock.setTimer(waitMs, look);
      until.addEventListener('abort', () => end(), { once: true });
    });
  }

  return {
    async ask(deadlineMs, work) {
      const isScout = isSilent;
      if (isScout && scouts > 0) throw new Silence('Vapi does not answer, and somebody asks it already');
      const asked = { startedMs: clock.monotonicMs() };
      const waitMs = usualMs(deadlineMs);
      const over = new AbortController();
      pending.add(asked);
      scouts += isScout ? 1 : 0;
      const working = work();
      void working
        .then(
          () => answered(asked),
          (error: unknown) => failed(asked, error),
        )
        .finally(() => pending.delete(asked));
      try {
        return await Promise.race([working, enough(waitMs, over.signal)]);
      } finally {
        scouts -= isScout ? 1 : 0;
        over.abort();
      }
    },
  };
}
