/** Which times of a day are free: within the opening hours, after now, and beside everything that is in the calendar. */
import { isOpenOn } from '../phone-numbers/business-hours.ts';
import type { BusinessHours } from '../phone-numbers/routing-contract.ts';
import { type Day, readTime, weekdayOf, type Zone } from './local-time.ts';

/** `allDay`: `start` and `end` are midnights in UTC, and mean the local days. */
export type BusyTime = { start: Date; end: Date; allDay: boolean };

export type Wanted = {
  day: Day;
  durationMinutes: number;
  hours: BusinessHours;
  /** Of `hours.time_zone`. */
  zone: Zone;
  busy: readonly BusyTime[];
  now: Date;
};

/** Hours of a business that has not told its own. */
export const USUAL_HOURS: BusinessHours = {
  time_zone: 'UTC',
  openings: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }],
};

const STEP_MINUTES = 30;
const DAY_MINUTES = 1_440;

/** Minutes since the local midnight at which an appointment could begin. */
export function freeTimes(wanted: Wanted): number[] {
  const steps = Array.from({ length: DAY_MINUTES / STEP_MINUTES }, (_, index) => index * STEP_MINUTES);
  return steps.filter((minutes) => whyNotFree(wanted, minutes) === undefined);
}

export type NotFree = 'no_such_time' | 'past' | 'closed' | 'taken';

/** What stands against an appointment at that time of the day; undefined when nothing does. */
export function whyNotFree(wanted: Wanted, minutes: number): NotFree | undefined {
  const { day, durationMinutes, zone, busy, now } = wanted;
  if (!isOpenThroughout(wanted, minutes)) return 'closed';
  const start = zone.momentOf(day, minutes);
  if (start === undefined) return 'no_such_time';
  if (start <= now) return 'past';
  const end = new Date(start.getTime() + durationMinutes * 60_000);
  return busy.some((one) => overlaps(one, start, end, day)) ? 'taken' : undefined;
}

const LOOK_EVERY_MINUTES = 5;

function isOpenThroughout({ day, durationMinutes, hours }: Wanted, minutes: number): boolean {
  const weekday = weekdayOf(day);
  const isOpen = (minute: number) =>
    isOpenOn(hours, (weekday + Math.floor(minute / DAY_MINUTES)) % 7, minute % DAY_MINUTES);
  const last = minutes + durationMinutes - 1;
  for (let minute = minutes; minute < last; minute += LOOK_EVERY_MINUTES) if (!isOpen(minute)) return false;
  return isOpen(last);
}

function overlaps({ start, end, allDay }: BusyTime, from: Date, to: Date, { year, month, day }: Day): boolean {
  if (!allDay) return start < to && end > from;
  const midnight = Date.UTC(year, month - 1, day);
  return start.getTime() <= midnight && end.getTime() > midnight;
}

const PARTS: Record<string, [from: string, to: string]> = {
  morning: ['00:00', '12:00'],
  afternoon: ['12:00', '17:00'],
  evening: ['17:00', '23:59'],
};

/** Those that lie in the part of the day; all of them when there is no such part. */
export function inPartOfDay(times: number[], partOfDay: unknown): number[] {
  const part = typeof partOfDay === 'string' && Object.hasOwn(PARTS, partOfDay) ? PARTS[partOfDay] : undefined;
  if (part === undefined) return times;
  const [from, to] = [readTime(part[0])!, readTime(part[1])!];
  return times.filter((minutes) => minutes >= from && minutes < to);
}
