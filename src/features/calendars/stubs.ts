/** Invented events for stub mode: the same for the same day, and each one says that it is invented. */
import type { BookingBody, CalendarEventWire } from './contract.ts';

const INVENTED = [
  { hour: 9, minutes: 30, title: 'Stub event: morning meeting' },
  { hour: 13, minutes: 60, title: 'Stub event: appointment' },
];
const DAY_MS = 86_400_000;

export function stubEvents(from: Date, to: Date, limit: number): CalendarEventWire[] {
  const events: CalendarEventWire[] = [];
  const firstDay = Math.floor(from.getTime() / DAY_MS) * DAY_MS;
  for (let day = firstDay; day < to.getTime() && events.length < limit; day += DAY_MS) {
    events.push(...INVENTED.map((one) => eventOn(day, one)).filter((event) => isWithin(event, from, to)));
  }
  return events.slice(0, limit);
}

export function stubBooking(body: BookingBody, keyHash: Buffer): CalendarEventWire {
  return {
    ...EMPTY,
    id: `stub-${keyHash.toString('hex').slice(0, 16)}`,
    title: body.title,
    start: new Date(body.start).toISOString(),
    end: new Date(body.end).toISOString(),
    location: body.location ?? null,
  };
}

const EMPTY = { all_day: false, location: null, status: 'confirmed', url: null, stub: true } as const;

function eventOn(day: number, { hour, minutes, title }: (typeof INVENTED)[number]): CalendarEventWire {
  const start = new Date(day + hour * 3_600_000);
  const id = `stub-${start.toISOString().slice(0, 10)}-${hour}`;
  const end = new Date(start.getTime() + minutes * 60_000);
  return { ...EMPTY, id, title, start: start.toISOString(), end: end.toISOString() };
}

function isWithin(event: CalendarEventWire, from: Date, to: Date): boolean {
  return Date.parse(event.end) > from.getTime() && Date.parse(event.start) < to.getTime();
}
