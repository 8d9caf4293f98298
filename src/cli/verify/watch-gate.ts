/**
 * The success criteria of a release as a gate over what was measured since the watch began. Red at once when a promise
 * is broken; green only at the end, and only where there was something to measure: no data is "hold", never "pass".
 */
import type { MetricsPage } from './metrics-page.ts';
import type { Counters, Criterion } from './counters.ts';
import { baselineOf, isBound, judgePace, keepPace, type Pace, type PaceRules } from './pace.ts';

export type WatchState = {
  url: string;
  startedAt: string;
  /** How long it has really been watched, in milliseconds. */
  watchedMs: number;
  lookedAt: string;
  /** The counters at the last look; a smaller value means that the process began anew. */
  last: Counters;
  /** Growth since the watch began. */
  grown: Counters;
  /** P95 by route before the watch, in seconds. */
  baseline: Record<string, number>;
  /** How fast the routes were in the watch, window by window. */
  pace: Pace;
  versions: string[];
  /** Looks that the server did not answer. */
  missed: number;
};

const STREAM = '/api/v1/events';
/** Below this many a share says nothing. */
const ENOUGH = 20;

export function readCounters(page: MetricsPage): Counters {
  const counters: Counters = {
    errors: page.sum('http_errors_total', { cause: 'ava' }),
    without_id: page.sum('responses_without_correlation_id_total'),
    refused: page.sum('rate_limit_rejections_total', { traffic: 'real' }),
    changes: page.sum('circuit_breaker_opens_total') + page.sum('circuit_breaker_closes_total'),
    hits: page.sum('twilio_client_cache_total', { result: 'hit' }),
    looks: page.sum('twilio_client_cache_total'),
    requests: 0,
  };
  for (const { name, labels, value } of page.samples) {
    const { route, traffic, le } = labels;
    if (traffic !== 'real' || route === undefined || route === STREAM) continue;
    if (name === 'http_request_duration_seconds_count') {
      counters['requests']! += value;
      add(counters, `count ${route}`, value);
    }
    if (name === 'http_request_duration_seconds_bucket' && isBound(le)) {
      add(counters, `within ${le} ${route}`, value);
    }
  }
  return counters;
}

function add(counters: Counters, name: string, value: number): void {
  counters[name] = (counters[name] ?? 0) + value;
}

export function beginWatch(url: string, counters: Counters, version: string, now: Date): WatchState {
  const at = now.toISOString();
  return {
    url,
    startedAt: at,
    watchedMs: 0,
    lookedAt: at,
    last: counters,
    grown: {},
    baseline: baselineOf(counters),
    pace: {},
    versions: [version],
    missed: 0,
  };
}

/** The state after one more look. A gap longer than `countedMs` (the watch itself was away) is not counted as watched. */
export function look(
  state: WatchState,
  seen: { counters: Counters; version: string; now: Date; countedMs: number },
): WatchState {
  const grown = { ...state.grown };
  for (const [name, value] of Object.entries(seen.counters)) {
    const before = state.last[name] ?? 0;
    add(grown, name, value < before ? value : value - before);
  }
  const sinceMs = seen.now.getTime() - Date.parse(state.lookedAt);
  return {
    ...state,
    grown,
    last: seen.counters,
    lookedAt: seen.now.toISOString(),
    watchedMs: state.watchedMs + Math.min(sinceMs, seen.countedMs),
    versions: [...new Set([...state.versions, seen.version])],
  };
}

/** The same, and how fast each route was meanwhile. */
export function lookPaced(state: WatchState, seen: Parameters<typeof look>[1], rules: PaceRules): WatchState {
  const next = look(state, seen);
  const { baseline, grown } = next;
  return { ...next, pace: keepPace(state.pace, grown, { ...rules, baseline, nowMs: seen.now.getTime() }) };
}

/** How each criterion stands. */
export function judgeWatch({ grown, pace, versions, missed }: WatchState): Criterion[] {
  const value = (name: string) => grown[name] ?? 0;
  const requests = value('requests');
  return [
    zero("5xx by AVA's own fault", value('errors'), requests),
    zero('Responses without a correlation id', value('without_id'), requests),
    below('Changes of circuit breakers', value('changes'), 10),
    share('Requests refused with 429', value('refused'), requests, (part) => part < 0.001, 1000),
    share('Twilio clients used again', value('hits'), value('looks'), (part) => part > 0.9, ENOUGH),
    latencyOf(pace),
    { name: 'One version', state: versions.length === 1 ? 'pass' : 'fail', detail: versions.join(', ') },
    { name: 'Answers', state: missed === 0 ? 'pass' : 'fail', detail: `${missed} looks without an answer` },
  ];
}

/** Red beats hold, hold beats pass; before the time is over nothing is green. */
export function verdictOf(criteria: Criterion[], isOver: boolean): 'pass' | 'fail' | 'hold' | 'watching' {
  if (criteria.some((criterion) => criterion.state === 'fail')) return 'fail';
  if (!isOver) return 'watching';
  return criteria.some((criterion) => criterion.state === 'hold') ? 'hold' : 'pass';
}

function zero(name: string, count: number, requests: number): Criterion {
  if (count > 0) return { name, state: 'fail', detail: `${count} of ${requests} requests` };
  return requests === 0 ? noData(name) : { name, state: 'pass', detail: `0 of ${requests} requests` };
}

function below(name: string, count: number, limit: number): Criterion {
  return { name, state: count < limit ? 'pass' : 'fail', detail: `${count}, fewer than ${limit} are allowed` };
}

/** With little to measure one unlucky request is no verdict: then it holds instead of failing. */
function share(
  name: string,
  part: number,
  whole: number,
  isGood: (share: number) => boolean,
  enough: number,
): Criterion {
  if (whole === 0) return noData(name);
  const detail = `${((part / whole) * 100).toFixed(2)} % of ${whole}`;
  if (isGood(part / whole)) return { name, state: 'pass', detail };
  return { name, state: whole >= enough ? 'fail' : 'hold', detail };
}

function latencyOf(pace: Pace): Criterion {
  const name = 'P95 by route';
  const judged = judgePace(pace);
  return judged === undefined ? noData(name) : { name, ...judged };
}

function noData(name: string): Criterion {
  return { name, state: 'hold', detail: 'nothing to measure yet' };
}
