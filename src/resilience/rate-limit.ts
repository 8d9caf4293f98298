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
  /** Counts one request if its rule allows it. Never rejects. */
  take(request: RateLimitRequest): Promise<RateLimitResult>;
};

export type MemoryRateLimiter = RateLimiter & {
  takeNow(request: RateLimitRequest): RateLimitResult;
  /** How long ago each counted request of `key` was, in milliseconds, oldest first; and forgets them. */
  handOver(key: string): number[];
  readonly size: number;
};

/** Above this limit times are kept in steps. */
export const EXACT_UP_TO = 1_000;

/** A request's time, or for large limits [time of the latest, how many] of one step. */
type Step = [latestMs: number, count: number];
type Usage = { times: number[] } | { steps: Step[]; total: number };
type Kept = Usage & { windowMs: number };

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
  const kept = new Map<string, Kept>();

  function takeNow(request: RateLimitRequest): RateLimitResult {
    const { key } = request;
    const nowMs = clock.monotonicMs();
    const usage = usageOf(kept.get(key), request);
    forgetBefore(usage, nowMs - request.windowMs);
    const used = countOf(usage);
    if (used >= request.limit) return refusal(usage, request, nowMs);
    count(usage, nowMs, request);
    remember(key, usage, nowMs);
    const resetMs = oldestOf(usage) + request.windowMs - nowMs;
    return { allowed: true, limit: request.limit, remaining: request.limit - used - 1, resetMs, retryAfterMs: 0 };
  }

  /** Keys stand in the order of their latest allowed request, so the expired ones are at the front. */
  function remember(key: string, usage: Kept, nowMs: number): void {
    kept.delete(key);
    kept.set(key, usage);
    let looked = 0;
    for (const [oldKey, old] of kept) {
      const isExpired = latestOf(old) <= nowMs - old.windowMs;
      if (!isExpired && kept.size <= maxKeys) return;
      if (looked === 2) return;
      kept.delete(oldKey);
      looked += 1;
    }
  }

  return {
    takeNow,
    take: (request) => Promise.resolve(takeNow(request)),
    handOver(key) {
      const usage = kept.get(key);
      kept.delete(key);
      const nowMs = clock.monotonicMs();
      return usage ? timesOf(usage).map((atMs) => nowMs - atMs) : [];
    },
    get size() {
      return kept.size;
    },
  };
}

/** What is kept of a key, in the form that the rule asks for; a key whose rule changed form keeps its times. */
function usageOf(known: Kept | undefined, { limit, windowMs }: RateLimitRule): Kept {
  const isExact = limit <= EXACT_UP_TO;
  if (known && 'times' in known === isExact) {
    known.windowMs = windowMs;
    return known;
  }
  const times = known ? timesOf(known) : [];
  return isExact ? { times, windowMs } : { steps: times.map((atMs): Step => [atMs, 1]), total: times.length, windowMs };
}

function forgetBefore(usage: Usage, edgeMs: number): void {
  const entries: readonly (number | Step)[] = 'times' in usage ? usage.times : usage.steps;
  let gone = 0;
  while (gone < entries.length && timeOf(entries[gone]!) <= edgeMs) gone += 1;
  if (gone === 0) return;
  if ('times' in usage) usage.times.splice(0, gone);
  else for (const [, count] of usage.steps.splice(0, gone)) usage.total -= count;
}

function count(usage: Usage, nowMs: number, { windowMs }: RateLimitRule): void {
  if ('times' in usage) {
    usage.times.push(nowMs);
    return;
  }
  usage.total += 1;
  const stepMs = windowMs / EXACT_UP_TO;
  const latest = usage.steps.at(-1);
  const isSameStep = latest && Math.floor(latest[0] / stepMs) === Math.floor(nowMs / stepMs);
  if (isSameStep) usage.steps[usage.steps.length - 1] = [nowMs, latest[1] + 1];
  else usage.steps.push([nowMs, 1]);
}

function refusal(usage: Usage, { limit, windowMs }: RateLimitRule, nowMs: number): RateLimitResult {
  const times = 'times' in usage ? usage.times : undefined;
  // A limit that was lowered meanwhile has more counted than allowed: one place is free only when the surplus has left too.
  const freesAtMs = times ? times[times.length - limit]! : oldestOf(usage);
  const retryAfterMs = freesAtMs + windowMs - nowMs;
  return { allowed: false, limit, remaining: 0, resetMs: retryAfterMs, retryAfterMs };
}

function countOf(usage: Usage): number {
  return 'times' in usage ? usage.times.length : usage.total;
}

function oldestOf(usage: Usage): number {
  return timesOf(usage)[0] ?? 0;
}

function latestOf(usage: Usage): number {
  return 'times' in usage ? (usage.times.at(-1) ?? 0) : (usage.steps.at(-1)?.[0] ?? 0);
}

function timesOf(usage: Usage): number[] {
  return 'times' in usage ? usage.times : usage.steps.flatMap(([atMs, count]) => Array<number>(count).fill(atMs));
}

function timeOf(entry: number | Step): number {
  return typeof entry === 'number' ? entry : entry[0];
}
