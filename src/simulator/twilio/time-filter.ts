import { refuse } from './errors.ts';

/** Twilio's date filters: `StartTime` (that day, or that instant), `StartTime<` and `StartTime>` (both inclusive). */
export function isInTime(field: unknown, query: Record<string, string>, name: string): boolean {
  const given = { on: query[name], before: query[`${name}<`], after: query[`${name}>`] };
  if (!given.on && !given.before && !given.after) return true;
  if (typeof field !== 'string') return false;
  const time = Date.parse(field);
  if (given.on && !(time >= startOf(given.on) && time <= endOf(given.on))) return false;
  if (given.before && time > endOf(given.before)) return false;
  return !(given.after && time < startOf(given.after));
}

const DAY_MS = 86_400_000;

function startOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw refuse(20001, `${text} is not a valid date`);
  return time;
}

/** A bare date means all of that day, in UTC. Times are kept to the second. */
function endOf(text: string): number {
  return startOf(text) + (text.length === 10 ? DAY_MS - 1 : 999);
}
