import type { Time } from '../time.ts';
import { wait } from '../time.ts';
import type { Heard, HeardKind } from './call.ts';

/** What reaches one person on the line, moment by moment. */
export type Ear = {
  heard: Heard[];
  /** Time on the line so far, in milliseconds. */
  atMs(): number;
  /** Hears something for a while. Ends early when the signal is aborted. */
  hear(kind: HeardKind, text: string, ms: number, signal?: AbortSignal): Promise<void>;
  /** Hears the same thing until the promise ends; how long that takes is measured on the wire. */
  hearWhile<T>(kind: HeardKind, text: string, promise: Promise<T>): Promise<T>;
  /** Notes what was heard while time has already passed elsewhere. */
  note(kind: HeardKind, text: string, ms: number): void;
  /** Speaks for a while: time passes, and it is not quiet. */
  speak(ms: number, signal?: AbortSignal): Promise<void>;
  longestSilenceMs(): number;
};

/** How long somebody stays on the line, and what happens then. */
export type Patience = { ms: number; leave(): void };

export function createEar({ wire, story }: Time, patience: Patience = { ms: Infinity, leave: () => {} }): Ear {
  const heard: Heard[] = [];
  let nowMs = 0;
  const note = (kind: HeardKind, text: string, ms: number) => {
    heard.push({ atMs: Math.round(nowMs), kind, text, ms: Math.round(ms) });
    nowMs += ms;
  };
  const pass = async (ms: number, signal?: AbortSignal): Promise<number> => {
    const startMs = story.monotonicMs();
    const stayedMs = Math.min(ms, Math.max(0, patience.ms - nowMs));
    await wait(story, stayedMs, signal);
    if (signal?.aborted) return Math.min(stayedMs, story.monotonicMs() - startMs);
    if (stayedMs < ms) patience.leave();
    return stayedMs;
  };
  return {
    heard,
    atMs: () => nowMs,
    note,
    hear: async (kind, text, ms, signal) => note(kind, text, await pass(ms, signal)),
    async hearWhile(kind, text, promise) {
      const startMs = wire.monotonicMs();
      const leftMs = patience.ms - nowMs;
      const cancel = leftMs === Infinity ? () => {} : wire.setTimer(Math.max(0, leftMs), patience.leave);
      try {
        return await promise;
      } finally {
        cancel();
        const ms = wire.monotonicMs() - startMs;
        if (ms >= 1) note(kind, text, ms);
      }
    },
    async speak(ms, signal) {
      nowMs += await pass(ms, signal);
    },
    longestSilenceMs: () => longestSilence(heard),
  };
}

/** How long words take to say, in milliseconds. */
export function speechMs(text: string): number {
  return Math.max(600, text.split(/\s+/).filter(Boolean).length * 380);
}

/** Silences that follow each other without a gap are one. */
function longestSilence(heard: Heard[]): number {
  let longest = 0;
  let run = 0;
  let endMs = -1;
  for (const { kind, atMs, ms } of heard) {
    const goesOn = kind === 'silence' && Math.abs(atMs - endMs) <= 1;
    run = kind === 'silence' ? (goesOn ? run + ms : ms) : 0;
    endMs = atMs + ms;
    longest = Math.max(longest, run);
  }
  return longest;
}
