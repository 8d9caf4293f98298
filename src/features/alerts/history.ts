/**
 * What the leading evaluator remembers: by how much each counter grew, minute by minute, over the whole fleet. A counter
 * that is smaller than before belongs to a replica that started anew, and grew from zero.
 */
import type { Figures } from './figures.ts';

export type ReplicaFigures = { replica: string; figures: Figures };

export type History = {
  /** The counters of each replica as they were last seen. */
  seen: Record<string, Record<string, number>>;
  /** Growth by minute since the epoch. */
  minutes: Record<string, Record<string, number>>;
  /** Calls by hour since the epoch; kept for three weeks. */
  callHours: Record<string, number>;
  /** Since when a condition has held, or is gone; kept by `evaluate`. */
  pending: Record<string, number>;
};

export const EMPTY_HISTORY: History = { seen: {}, minutes: {}, callHours: {}, pending: {} };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const KEPT_MINUTES = 61;
const KEPT_HOURS = 21 * 24;

/** The history with one more look at the fleet. */
export function remember(history: History, fleet: ReplicaFigures[], nowMs: number): History {
  const minute = Math.floor(nowMs / MINUTE_MS);
  const hour = Math.floor(nowMs / HOUR_MS);
  const grown = growth(history.seen, fleet);
  const now = { ...history.minutes[minute] };
  for (const [name, by] of Object.entries(grown)) now[name] = (now[name] ?? 0) + by;
  const calls = (history.callHours[hour] ?? 0) + (grown['calls'] ?? 0);
  return {
    ...history,
    seen: Object.fromEntries(fleet.map(({ replica, figures }) => [replica, figures.counters])),
    minutes: since({ ...history.minutes, [minute]: now }, minute - KEPT_MINUTES),
    callHours: since({ ...history.callHours, [hour]: calls }, hour - KEPT_HOURS),
  };
}

/** By how much `name` grew within the last `windowMs`, to the minute. */
export function increase(history: History, name: string, windowMs: number, nowMs: number): number {
  const first = Math.floor((nowMs - windowMs) / MINUTE_MS) + 1;
  return Object.entries(history.minutes)
    .filter(([minute]) => Number(minute) >= first)
    .reduce((total, [, grown]) => total + (grown[name] ?? 0), 0);
}

function growth(seen: History['seen'], fleet: ReplicaFigures[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { replica, figures } of fleet) {
    const before = seen[replica];
    for (const [name, value] of Object.entries(figures.counters)) {
      const last = before?.[name] ?? 0;
      const by = value < last ? value : value - last;
      if (by > 0) total[name] = (total[name] ?? 0) + by;
    }
  }
  return total;
}

function since<T>(entries: Record<string, T>, first: number): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => Number(key) > first));
}
