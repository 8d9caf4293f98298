/** The last hour of the whole fleet, minute by minute, from what the evaluator remembers anyway. */
import { FAILED_PREFIX, ASKED_PREFIX, SPENT_PREFIX } from './figures.ts';
import type { History } from './history.ts';

export type TrafficMinute = {
  at: string;
  requests: number;
  rate_limited: number;
  errors_ava: number;
  upstreams: { upstream: string; attempts: number; failed: number; mean_ms: number | null }[];
};

const MINUTE_MS = 60_000;
const MINUTES = 60;

/** Sixty minutes, oldest first; the newest is the one that runs. Minutes that nobody noted are all zero. */
export function trafficOf(history: History, now: Date): TrafficMinute[] {
  const newest = Math.floor(now.getTime() / MINUTE_MS);
  return Array.from({ length: MINUTES }, (_, index) => {
    const minute = newest - (MINUTES - 1) + index;
    return minuteOf(new Date(minute * MINUTE_MS), history.minutes[minute] ?? {});
  });
}

function minuteOf(at: Date, grown: Record<string, number>): TrafficMinute {
  const upstreams = Object.keys(grown)
    .filter((name) => name.startsWith(ASKED_PREFIX))
    .map((name) => name.slice(ASKED_PREFIX.length))
    .toSorted();
  return {
    at: at.toISOString(),
    requests: grown['requests'] ?? 0,
    rate_limited: grown['rate_limited'] ?? 0,
    errors_ava: grown['errors_ava'] ?? 0,
    upstreams: upstreams.map((upstream) => {
      const attempts = grown[ASKED_PREFIX + upstream] ?? 0;
      const spentMs = grown[SPENT_PREFIX + upstream] ?? 0;
      return {
        upstream,
        attempts,
        failed: grown[FAILED_PREFIX + upstream] ?? 0,
        mean_ms: attempts === 0 ? null : Math.round(spentMs / attempts),
      };
    }),
  };
}
