/** Local days and times of a business, whatever the clocks of its country do. */

export type Day = { year: number; month: number; day: number };

/** Reads YYYY-MM-DD; undefined for anything that is no day. */
export function readDay(text: unknown): Day | undefined {
  const match = typeof text === 'string' ? /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim()) : null;
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? { year, month, day } : undefined;
}

/** Minutes since midnight of HH:MM; undefined for anything else. */
export function readTime(text: unknown): number | undefined {
  const match = typeof text === 'string' ? /^([01]?\d|2[0-3]):([0-5]\d)(:00)?$/.exec(text.trim()) : null;
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
}

export function dayAfter({ year, month, day }: Day, days: number): Day {
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Counts from Monday, 0. */
export function weekdayOf({ year, month, day }: Day): number {
  return (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
}

/** The clocks of a country. Made once for many questions, since its tables are slow to open. */
export type Zone = {
  /** The local day of a moment. */
  dayOf(moment: Date): Day;
  /** Undefined for a time that the clocks leave out on that day. */
  momentOf(day: Day, minutes: number): Date | undefined;
};

export function zoneOf(timeZone: string): Zone {
  const numeric = 'numeric' as const;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'gregory', hourCycle: 'h23' },
    ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric },
  });

  function partsOf(moment: Date) {
    const parts = format.formatToParts(moment);
    const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return { year: of('year'), month: of('month'), day: of('day'), hour: of('hour'), minute: of('minute') };
  }

  /** The local time as if it were UTC, to the minute. */
  function localMs(moment: Date): number {
    const { year, month, day, hour, minute } = partsOf(moment);
    return Date.UTC(year, month - 1, day, hour, minute);
  }

  return {
    dayOf(moment) {
      const { year, month, day } = partsOf(moment);
      return { year, month, day };
    },
    momentOf({ year, month, day }, minutes) {
      const wanted = Date.UTC(year, month - 1, day, 0, minutes);
      let ms = wanted;
      // Twice: the first guess may lie on the other side of a change of the clocks.
      for (let turn = 0; turn < 2; turn += 1) ms = wanted - (localMs(new Date(ms)) - Math.floor(ms / 60_000) * 60_000);
      return localMs(new Date(ms)) === wanted ? new Date(ms) : undefined;
    },
  };
}

export function sayDay({ year, month, day }: Day): string {
  const format = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat('en-GB', format).format(new Date(Date.UTC(year, month - 1, day))).replace(',', '');
}

export function sayTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
