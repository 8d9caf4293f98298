/** The whole fleet as a rule sees it, at one moment. */
import type { Figures } from './figures.ts';
import { type History, increase } from './history.ts';

export type FleetView = {
  /** The highest value over all replicas; 0 where none has it. */
  gauge(name: string): number;
  /** Every gauge whose name begins with `prefix`, under the rest of its name. */
  gauges(prefix: string): { name: string; value: number }[];
  /** By how much a counter grew over the fleet within the last `windowMs`. */
  increase(name: string, windowMs: number): number;
  /** Calls in the two full hours that ended `hoursAgo` hours before this one began. */
  callsInTwoHoursBefore(hoursAgo: number): number;
};

/** `live`: the figures of the replicas that were heard of lately. */
export function viewFleet(history: History, live: Figures[], nowMs: number): FleetView {
  const highest = new Map<string, number>();
  for (const { gauges } of live) {
    for (const [name, value] of Object.entries(gauges)) highest.set(name, Math.max(highest.get(name) ?? 0, value));
  }
  const thisHour = Math.floor(nowMs / 3_600_000);
  return {
    gauge: (name) => highest.get(name) ?? 0,
    gauges: (prefix) =>
      [...highest]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => ({ name: name.slice(prefix.length), value })),
    increase: (name, windowMs) => increase(history, name, windowMs, nowMs),
    callsInTwoHoursBefore(hoursAgo) {
      const end = thisHour - hoursAgo;
      return (history.callHours[end - 1] ?? 0) + (history.callHours[end - 2] ?? 0);
    },
  };
}
