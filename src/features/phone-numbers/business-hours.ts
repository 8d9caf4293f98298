/** Whether it is business hours at a moment, in the time zone of the number's owner. */
import { type BusinessHours, WEEKDAYS } from './routing-contract.ts';

/** Without hours it is always open. */
export function isOpenAt(hours: BusinessHours | null, moment: Date): boolean {
  if (hours === null) return true;
  const { day, minute } = localTime(hours.time_zone, moment);
  return isOpenOn(hours, day, minute);
}

/** The same for a local time: `day` counts from Monday, 0; `minute` from midnight. */
export function isOpenOn(hours: BusinessHours, day: number, minute: number): boolean {
  return hours.openings.some(({ days, from, to }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    const opensOn = (weekday: number) => days.includes(WEEKDAYS[(weekday + 7) % 7]!);
    if (end > start) return opensOn(day) && minute >= start && minute < end;
    return (opensOn(day) && minute >= start) || (opensOn(day - 1) && minute < end);
  });
}

function localTime(timeZone: string, moment: Date): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  const weekday = (parts.get('weekday') ?? '').toLowerCase();
  return {
    day: WEEKDAYS.findIndex((name) => name === weekday),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}
