/**
 * The watch over all replicas of a release. Counters belong to a process, so each process is followed by itself, told
 * apart by its time of start (behind a balancer each look may reach another one); the criteria judge the sum.
 */
import { readMetrics } from '../verify/metrics-page.ts';
import { keepPace, type Pace, type PaceRules } from '../verify/pace.ts';
import { createProbe, Unreachable } from '../verify/probe.ts';
import type { Counters, Criterion } from '../verify/counters.ts';
import { beginWatch, judgeWatch, look, readCounters, type WatchState } from '../verify/watch-gate.ts';
import type { Place } from './targets/target.ts';

export type Seen = { process: string; startedAtMs: number; counters: Counters; version: string };

export type FleetWatch = {
  /** P95 by route before the release, in seconds. */
  baseline: Record<string, number>;
  releasedAt: string;
  watchedMs: number;
  lookedAt: string;
  processes: Record<string, WatchState>;
  /** How fast the routes of all of them were, window by window. */
  pace: Pace;
  missed: number;
};

/** What one place says of the process that answers there; undefined when it does not answer. */
export async function seeProcess({ name, url }: Place, metricsToken: string | undefined): Promise<Seen | undefined> {
  const probe = createProbe(url);
  try {
    const answer = await probe.ask('GET', '/metrics', { token: metricsToken });
    const health = await probe.ask('GET', '/healthz');
    if (answer.status !== 200 || health.status !== 200) return undefined;
    const page = readMetrics(answer.text);
    const startedAtMs = (page.value('process_start_time_seconds') ?? 0) * 1000;
    const version = String(health.json?.version);
    return { process: `${name}#${startedAtMs}`, startedAtMs, counters: readCounters(page), version };
  } catch (error) {
    if (error instanceof Unreachable) return undefined;
    throw error;
  }
}

/** The baseline is what the replicas had measured by then. */
export function beginFleetWatch(before: readonly Seen[], releasedAt: Date): FleetWatch {
  const sum: Counters = {};
  for (const { counters } of before) addAll(sum, counters);
  const at = releasedAt.toISOString();
  const { baseline } = beginWatch('', sum, '', releasedAt);
  return { baseline, releasedAt: at, watchedMs: 0, lookedAt: at, processes: {}, pace: {}, missed: 0 };
}

/** The state after one more look. Time in which nobody looked counts for `countedMs` at most. */
export function lookAtFleet(
  state: FleetWatch,
  seen: readonly (Seen | undefined)[],
  { now, countedMs, rules }: { now: Date; countedMs: number; rules: PaceRules },
): FleetWatch {
  const processes = { ...state.processes };
  for (const one of seen)
    if (one !== undefined) processes[one.process] = follow(processes[one.process], one, state, now);
  const isFirst = Object.keys(state.processes).length === 0;
  const sinceMs = now.getTime() - Date.parse(state.lookedAt);
  return {
    ...state,
    processes,
    pace: keepPace(state.pace, grownIn(processes), { ...rules, baseline: state.baseline, nowMs: now.getTime() }),
    lookedAt: now.toISOString(),
    watchedMs: state.watchedMs + (isFirst ? 0 : Math.min(sinceMs, countedMs)),
    missed: state.missed + seen.filter((one) => one === undefined).length,
  };
}

/** A process that began within the release is judged by all that it did; an older one by what it does from now on. */
function follow(known: WatchState | undefined, seen: Seen, { releasedAt }: FleetWatch, now: Date): WatchState {
  const { counters, version } = seen;
  if (known !== undefined) return look(known, { counters, version, now, countedMs: 0 });
  const isNew = seen.startedAtMs >= Date.parse(releasedAt);
  const begun = beginWatch(seen.process, isNew ? timesOf(counters) : counters, version, now);
  return isNew ? look(begun, { counters, version, now, countedMs: 0 }) : begun;
}

/** How long the first answers of a cold process took says nothing of it; what it answered does. */
function timesOf(counters: Counters): Counters {
  return Object.fromEntries(Object.entries(counters).filter(([name]) => /^(count|within) /.test(name)));
}

function grownIn(processes: FleetWatch['processes']): Counters {
  const grown: Counters = {};
  for (const state of Object.values(processes)) addAll(grown, state.grown);
  return grown;
}

export function judgeFleet(watch: FleetWatch): Criterion[] {
  const { processes, baseline, pace, missed, releasedAt, watchedMs, lookedAt } = watch;
  const grown = grownIn(processes);
  const states = Object.values(processes);
  const versions = [...new Set(states.flatMap((state) => state.versions))];
  return judgeWatch({
    url: '',
    startedAt: releasedAt,
    lookedAt,
    watchedMs,
    last: {},
    grown,
    baseline,
    pace,
    versions,
    missed,
  });
}

/** Criteria that a single look can break: those where one is too many. */
export function brokenAlready(seen: Seen): Criterion[] {
  const begun = beginWatch(seen.process, {}, seen.version, new Date(seen.startedAtMs));
  const { counters, version } = seen;
  const criteria = judgeWatch(look(begun, { counters, version, now: new Date(seen.startedAtMs), countedMs: 0 }));
  return criteria.slice(0, 2).filter(({ state }) => state === 'fail');
}

function addAll(sum: Counters, counters: Counters): void {
  for (const [name, value] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + value;
}
