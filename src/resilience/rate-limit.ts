/**
 * Exact sliding window: no stretch of `windowMs` ever holds more than `limit` allowed requests. Refused ones do not count, so
 * `retryAfterMs` comes true. Each key keeps the times of its allowed requests; above 1,000 a window they are kept in steps of a
 * thousandth of the window, which may refuse a step longer but never lets more through.
 */
import type { Clock } from '../clock.ts';

export type RateLimitRule = {
  /** Requests allowed in any window; at least 1. */
  limit: number;
  windowMs: number;
};

/** One request of `key`, to be counted under a rule. */
export type RateLimitRequest = RateLimitRule & { key: string };

export type RateLimitResult = {
  allowed: boolean;
  limit: number;
  /** How many more would be allowed now. */
  remaining: number;
  /** When the oldest counted request leaves the window, in milliseconds from now; 0 when none is counted. */
  resetMs: number;
  /** How long to wait before one is allowed again; 0 when this one was. */
  retryAfterMs: number;
};

export type RateLimiter = {
  /** Counts one request if its rule allows it, at once where nobody else has to be asked. Never rejects. */
  take(request: RateLimitRequest): RateLimitResult | Promise<RateLimitResult>;
  /** Drops from this process's memory what does not count any more; by itself that happens a little with each request. */
  forgetExpired(): void;
};

/** The requests of one key that still count: when they were, in monotonic milliseconds, oldest first. */
export type CountedKey = { key: string; windowMs: number; times: number[] };

export type MemoryRateLimiter = RateLimiter & {
  takeNow(request: RateLimitRequest): RateLimitResult;
  /** Everything that is counted, to be counted elsewhere from now on; forgets it. */
  handOver(): CountedKey[];
  /** Counts again what was handed over in vain. */
  takeBack(counted: CountedKey): void;
  readonly size: number;
};

/** Above this limit times are kept in steps. */
export const EXACT_UP_TO = 1_000;

/** What is kept of a key: when its counted requests were, oldest first, and for large limits how many each time stands for. */
type Usage = { windowMs: number; total: number; times: number[]; counts: number[] | undefined };

/**
 * The limiter of one process.
 *
 * `maxKeys` bounds its memory: when it is full, those that were not allowed anything for the longest time are forgotten first.
 */
export function createMemoryRateLimiter({
  clock,
  maxKeys = 100_000,
}: {
  clock: Clock;
  maxKeys?: number;
}): MemoryRateLimiter {
  const kept = new Map<string, Usage>();

  function takeNow(request: RateLimitRequest): RateLimitResult {
    const { key, limit, windowMs } = request;
    const nowMs = clock.monotonicMs();
    const usage = inFormOf(kept.get(key), request);
    forgetBefore(usage, nowMs - windowMs);
    if (usage.total >= limit) return refusal(usage, limit, nowMs);
    count(usage, nowMs);
    remember(key, usage, nowMs);
    const resetMs = usage.times[0]! + windowMs - nowMs;
    return { allowed: true, limit, remaining: limit - usage.total, resetMs, retryAfterMs: 0 };
  }

  /** Keys stand in the order of their latest allowed request, so the expired ones are in front; two are looked at each time. */
  function remember(key: string, usage: Usage, nowMs: number): void {
    kept.delete(key);
    kept.set(key, usage);
    let looked = 0;
    for (const [oldKey, old] of kept) {
      if (looked === 2 || (!isExpired(old, nowMs) && kept.size <= maxKeys)) return;
      kept.delete(oldKey);
      looked += 1;
    }
  }

  return {
    takeNow,
    take: takeNow,
    forgetExpired() {
      const nowMs = clock.monotonicMs();
      for (const [key, usage] of kept) if (isExpired(usage, nowMs)) kept.delete(key);
    },
    handOver() {
      const all = Array.from(kept, ([key, usage]) => ({ key, windowMs: usage.windowMs, times: everyTime(usage) }));
      kept.clear();
      return all;
    },
    takeBack({ key, windowMs, times }) {
      const known = kept.get(key);
      const all = [...times, ...(known ? everyTime(known) : [])].toSorted((a, b) => a - b);
      kept.set(key, { windowMs, total: all.length, times: all, counts: undefined });
    },
    get size() {
      return kept.size;
    },
  };
}

function isExpired({ times, windowMs }: Usage, nowMs: number): boolean {
  return times.at(-1)! <= nowMs - windowMs;
}

/** The usage in the form that the rule asks for: a key whose limit passes from exact to large, or back, keeps its count. */
function inFormOf(known: Usage | undefined, { limit, windowMs }: RateLimitRule): Usage {
  const isExact = limit <= EXACT_UP_TO;
  if (!known) return { windowMs, total: 0, times: [], counts: isExact ? undefined : [] };
  known.windowMs = windowMs;
  if ((known.counts === undefined) === isExact) return known;
  const times = everyTime(known);
  return { windowMs, total: times.length, times, counts: isExact ? undefined : Array<number>(times.length).fill(1) };
}

function forgetBefore(usage: Usage, edgeMs: number): void {
  const { times, counts } = usage;
  let gone = 0;
  while (gone < times.length && times[gone]! <= edgeMs) {
    usage.total -= counts?.[gone] ?? 1;
    gone += 1;
  }
  if (gone === 0) return;
  times.splice(0, gone);
  counts?.splice(0, gone);
}

function count(usage: Usage, nowMs: number): void {
  const { times, counts, windowMs } = usage;
  usage.total += 1;
  const stepMs = windowMs / EXACT_UP_TO;
  const last = times.length - 1;
  if (counts && last >= 0 && Math.floor(times[last]! / stepMs) === Math.floor(nowMs / stepMs)) {
    // A step leaves the window with its latest request, so that it never leaves too early.
    times[last] = nowMs;
    counts[last]! += 1;
    return;
  }
  // A first push would reserve room for seventeen; most keys are used once.
  if (last < 0) usage.times = [nowMs];
  else times.push(nowMs);
  counts?.push(1);
}

/** A limit that was lowered meanwhile has more counted than allowed: a place is free only once the surplus has left too. */
function refusal({ times, counts, windowMs }: Usage, limit: number, nowMs: number): RateLimitResult {
  const freesAtMs = counts ? times[0]! : times[times.length - limit]!;
  const retryAfterMs = freesAtMs + windowMs - nowMs;
  return { allowed: false, limit, remaining: 0, resetMs: retryAfterMs, retryAfterMs };
}

function everyTime({ times, counts }: Usage): number[] {
  return counts ? times.flatMap((atMs, index) => Array<number>(counts[index]!).fill(atMs)) : times;
}
