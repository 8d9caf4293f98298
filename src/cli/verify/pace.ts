/**
 * How fast each route answers, window by window. A machine that was starved for a moment is no broken promise: a route is
 * red when it was slow for several windows in a row, or in most of many.
 */
import type { Counters, Criterion } from './counters.ts';

export type RoutePace = {
  /** The route's counters when its window began. */
  from: Counters;
  beganMs: number;
  windows: number;
  slow: number;
  /** Slow windows in a row, up to now, and when the first of them began. */
  inARow: number;
  slowSinceMs: number;
  isRed: boolean;
  /** P95 of the last window, in seconds. */
  latest: number;
};

export type Pace = Record<string, RoutePace>;

/** How long a window is at least, and how long a route must be slow to be red. */
export type PaceRules = { windowMs: number; sustainedMs: number };

const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
/** Below this a percentile of a route says nothing: its window stays open. */
const ENOUGH = 20;
const LIMIT_SECONDS = 0.5;
/** A route may be this much slower than before, where it was slow already. */
const SLOWER = 1.25;
const MANY = 10;

/** A watch of ten minutes and more looks minute by minute, a shorter one in tenths of itself. */
export function paceRules(forMs: number): PaceRules {
  return { windowMs: Math.min(60_000, forMs / 10), sustainedMs: Math.min(300_000, forMs / 2) };
}

/** Whether the counter of this bucket is kept. */
export function isBound(le: string | undefined): boolean {
  return BOUNDS.includes(le ?? '');
}

/** Closes the windows that are long enough and have enough in them. */
export function keepPace(
  pace: Pace,
  grown: Counters,
  given: PaceRules & { baseline: Record<string, number>; nowMs: number },
): Pace {
  const next: Pace = { ...pace };
  for (const route of routesOf(grown)) {
    const known = next[route];
    if (known === undefined) next[route] = { ...FRESH, from: {}, beganMs: given.nowMs };
    else next[route] = closed(known, route, grown, given);
  }
  return next;
}

const FRESH = { windows: 0, slow: 0, inARow: 0, slowSinceMs: 0, isRed: false, latest: 0 };

function closed(
  known: RoutePace,
  route: string,
  grown: Counters,
  { windowMs, sustainedMs, baseline, nowMs }: PaceRules & { baseline: Record<string, number>; nowMs: number },
): RoutePace {
  const now = countersOf(route, grown);
  const inWindow = Object.fromEntries(
    Object.entries(now).map(([name, value]) => [name, value - (known.from[name] ?? 0)]),
  );
  if (nowMs - known.beganMs < windowMs || (inWindow[`count ${route}`] ?? 0) < ENOUGH) return known;
  const latest = quantile95(inWindow, route);
  const isSlow = latest > Math.max(LIMIT_SECONDS, (baseline[route] ?? 0) * SLOWER);
  const windows = known.windows + 1;
  const slow = known.slow + (isSlow ? 1 : 0);
  const inARow = isSlow ? known.inARow + 1 : 0;
  const slowSinceMs = inARow === 1 ? known.beganMs : known.slowSinceMs;
  const isSustained = inARow >= 2 && nowMs - slowSinceMs >= sustainedMs;
  const isRed = known.isRed || isSustained || (windows >= MANY && slow * 2 > windows);
  return { from: now, beganMs: nowMs, windows, slow, inARow, slowSinceMs, isRed, latest };
}

/** Undefined where there is nothing to measure yet. */
export function judgePace(pace: Pace): Omit<Criterion, 'name'> | undefined {
  const measured = Object.entries(pace).filter(([, { windows }]) => windows > 0);
  if (measured.length === 0) return undefined;
  const say = (routes: typeof measured) =>
    routes.map(([route, { latest, slow, windows }]) => `${route} ${latest} s (slow in ${slow} of ${windows} windows)`);
  const red = measured.filter(([, { isRed }]) => isRed);
  if (red.length > 0) return { state: 'fail', detail: say(red).join(', ') };
  // Slow most of the time, but not long enough to say so.
  const doubtful = measured.filter(([, { slow, windows }]) => slow * 2 > windows);
  if (doubtful.length > 0) return { state: 'hold', detail: say(doubtful).join(', ') };
  const busy = measured.filter(([, { slow }]) => slow > 0);
  const detail = `${measured.length} routes within 500 ms`;
  return { state: 'pass', detail: busy.length === 0 ? detail : `${detail}, but for a moment ${say(busy).join(', ')}` };
}

/** P95 of each route over all that was counted, in seconds. */
export function baselineOf(counters: Counters): Record<string, number> {
  return Object.fromEntries(routesOf(counters).map((route) => [route, quantile95(counters, route)]));
}

function routesOf(counters: Counters): string[] {
  return Object.keys(counters).flatMap((name) => (name.startsWith('count ') ? [name.slice(6)] : []));
}

function countersOf(route: string, grown: Counters): Counters {
  const names = [`count ${route}`, ...BOUNDS.map((le) => `within ${le} ${route}`)];
  return Object.fromEntries(names.map((name) => [name, grown[name] ?? 0]));
}

/** The smallest bucket that holds 95 of 100 requests, in seconds; Infinity where none does. */
function quantile95(counters: Counters, route: string): number {
  const all = counters[`count ${route}`] ?? 0;
  const bound = BOUNDS.find((le) => (counters[`within ${le} ${route}`] ?? 0) >= all * 0.95);
  return bound === undefined ? Number.POSITIVE_INFINITY : Number(bound);
}
