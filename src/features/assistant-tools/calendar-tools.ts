/**
 * The calendar, as an assistant uses it while a caller waits. It is always the calendar of the tenant whose webhook
 * asked: arguments can choose between that tenant's own two, and nothing else.
 */
import type { Clock } from '../../clock.ts';
import type { Calendars } from '../calendars/calendars.ts';
import { CALENDAR_PROVIDERS, type CalendarProvider } from '../calendars/contract.ts';
import type { BusinessHours } from '../phone-numbers/routing-contract.ts';
import { freeTimes, inPartOfDay, type NotFree, USUAL_HOURS, whyNotFree } from './free-times.ts';
import { type Day, dayAfter, readDay, readTime, sayDay, sayTime, type Zone, zoneOf } from './local-time.ts';
import { isUncertain, SAID, sayRefusal, spokenLine } from './said.ts';

export type CalendarToolsDeps = {
  clock: Clock;
  calendars: Pick<Calendars, 'busy' | 'book' | 'connections' | 'isStub'>;
};

export type CalendarUse = {
  tenantId: string;
  /** Of the number that was called; null where it has none. */
  hours: BusinessHours | null;
  callerNumber: string | null;
  vapiCallId: string | null;
  arguments: Record<string, unknown>;
};

/** What is said to the assistant, and what the ledger remembers beside it. */
export type Said = { said: string; event_id?: string; start?: string; stub?: true };

const DAYS_LOOKED_AT = 7;
const MOST_NAMED = 8;
const FURTHEST_DAYS = 366;
const USUAL_MINUTES = 30;
const DEMONSTRATION = 'Demonstration only, nothing here is real. ';

export function createCalendarTools({ clock, calendars }: CalendarToolsDeps) {
  /** Tells the free times of a day, or of the next day that has some. */
  async function checkAvailability(use: CalendarUse): Promise<Said> {
    const day = readDay(use.arguments['date']);
    if (day === undefined) return { said: SAID.noSuchDay };
    const provider = await chosen(use);
    if (typeof provider !== 'string') return provider;
    const hours = use.hours ?? USUAL_HOURS;
    const zone = zoneOf(hours.time_zone);
    if (isTooFar(day, zone)) return { said: SAID.tooFar };
    const range = rangeOf(day, DAYS_LOOKED_AT);
    const by = { tenantId: use.tenantId, lane: 'call' } as const;
    const { stub, times: busy } = await calendars.busy(by, provider, range);
    const said = sayFree(day, (one) => {
      const wanted = { day: one, durationMinutes: minutesOf(use), hours, zone, busy, now: clock.now() };
      return inPartOfDay(freeTimes(wanted), use.arguments['part_of_day']);
    });
    const text = `${said} All times are in ${hours.time_zone}.`;
    return stub ? { said: DEMONSTRATION + text, stub } : { said: text };
  }

  /** Books; the same `key` is the same appointment, however often it is asked for. */
  async function bookAppointment(use: CalendarUse, key: string): Promise<Said> {
    const wanted = appointmentOf(use);
    if ('said' in wanted) return wanted;
    const provider = await chosen(use);
    if (typeof provider !== 'string') return provider;
    const { start, end, name } = wanted;
    const reason = spokenLine(use.arguments['reason'], 120);
    const booking = {
      title: `${name}${reason === '' ? '' : `: ${reason}`}`.slice(0, 200),
      start: start.toISOString(),
      end: end.toISOString(),
      description: descriptionOf(use),
    };
    const by = { tenantId: use.tenantId, lane: 'call', actor: 'Assistant' } as const;
    try {
      const { event, stub } = await calendars.book(by, provider, booking, key);
      const said = `Booked for ${name} on ${sayDay(wanted.day)} at ${sayTime(wanted.minutes)}.`;
      const outcome = { event_id: event.id, start: event.start };
      return stub ? { said: DEMONSTRATION + said, ...outcome, stub } : { said, ...outcome };
    } catch (error) {
      const said = isUncertain(error) ? undefined : sayRefusal(error);
      if (said === undefined) throw error;
      return { said };
    }
  }

  type Appointment = { day: Day; minutes: number; start: Date; end: Date; name: string };

  function appointmentOf(use: CalendarUse): Appointment | Said {
    const day = readDay(use.arguments['date']);
    const minutes = readTime(use.arguments['time']);
    const name = spokenLine(use.arguments['name'], 80);
    if (day === undefined) return { said: SAID.noSuchDay };
    if (minutes === undefined) return { said: SAID.noSuchTime };
    if (name === '') return { said: SAID.noName };
    const hours = use.hours ?? USUAL_HOURS;
    const zone = zoneOf(hours.time_zone);
    if (isTooFar(day, zone)) return { said: SAID.tooFar };
    const durationMinutes = minutesOf(use);
    const why = whyNotFree({ day, durationMinutes, hours, zone, busy: [], now: clock.now() }, minutes);
    const start = zone.momentOf(day, minutes);
    if (why !== undefined || start === undefined) return { said: WHY_NOT[why ?? 'no_such_time'] };
    return { day, minutes, start, end: new Date(start.getTime() + durationMinutes * 60_000), name };
  }

  /** The tenant's calendar, or the one of its two that was named. */
  async function chosen({ tenantId, arguments: { calendar } }: CalendarUse): Promise<CalendarProvider | Said> {
    const named = calendar === undefined || calendar === null || calendar === '' ? undefined : calendar;
    const known = CALENDAR_PROVIDERS.filter((provider) => named === undefined || provider === named);
    if (known.length === 0) return { said: SAID.unknownCalendar };
    if (calendars.isStub) return known[0]!;
    const connections = await calendars.connections(tenantId);
    const found = connections.find(({ provider, state }) => state === 'connected' && known.includes(provider));
    return found?.provider ?? { said: SAID.noCalendar };
  }

  function isTooFar(day: Day, zone: Zone): boolean {
    const last = dayAfter(zone.dayOf(clock.now()), FURTHEST_DAYS);
    return numberOf(day) > numberOf(last);
  }

  return { checkAvailability, bookAppointment };
}

const WHY_NOT: Record<NotFree, string> = {
  no_such_time: SAID.noSuchTime,
  past: SAID.past,
  closed: SAID.closed,
  taken: SAID.taken,
};

function sayFree(day: Day, timesOn: (day: Day) => number[]): string {
  const on = (one: Day, times: number[]) => {
    const named = times.slice(0, MOST_NAMED).map(sayTime).join(', ');
    return `${sayDay(one)}: ${named}${times.length > MOST_NAMED ? ', and later that day' : ''}.`;
  };
  const first = timesOn(day);
  if (first.length > 0) return `Free on ${on(day, first)}`;
  for (let days = 1; days < DAYS_LOOKED_AT; days += 1) {
    const next = dayAfter(day, days);
    const times = timesOn(next);
    if (times.length > 0) return `Nothing is free on ${sayDay(day)}. The next free times are on ${on(next, times)}`;
  }
  return `Nothing is free from ${sayDay(day)} to ${sayDay(dayAfter(day, DAYS_LOOKED_AT - 1))}.`;
}

/** A day more at both ends, since local days begin at other moments than those of UTC. */
function rangeOf({ year, month, day }: Day, days: number): { from: Date; to: Date } {
  return {
    from: new Date(Date.UTC(year, month - 1, day - 1)),
    to: new Date(Date.UTC(year, month - 1, day + days + 1)),
  };
}

function minutesOf({ arguments: { duration_minutes: given } }: CalendarUse): number {
  const minutes = Number(given ?? USUAL_MINUTES);
  return Number.isFinite(minutes) ? Math.min(480, Math.max(5, Math.round(minutes))) : USUAL_MINUTES;
}

function descriptionOf({ callerNumber, vapiCallId }: CalendarUse): string {
  const lines = ['Booked by the assistant on the telephone.'];
  if (callerNumber !== null) lines.push(`Caller: ${spokenLine(callerNumber, 40)}`);
  if (vapiCallId !== null) lines.push(`Call: ${spokenLine(vapiCallId, 64)}`);
  return lines.join('\n');
}

function numberOf({ year, month, day }: Day): number {
  return year * 10_000 + month * 100 + day;
}
