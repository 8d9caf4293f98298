import { describe, expect, it } from 'vitest';
import type { BusinessHours } from '../phone-numbers/routing-contract.ts';
import { freeTimes, inPartOfDay, USUAL_HOURS, whyNotFree } from './free-times.ts';
import { dayAfter, readDay, readTime, sayDay, sayTime, zoneOf } from './local-time.ts';

const BERLIN: BusinessHours = {
  time_zone: 'Europe/Berlin',
  openings: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '09:00', to: '11:00' }],
};
const day = readDay('2030-05-06')!;
const now = new Date('2030-01-01T00:00:00Z');
const wanted = { day, durationMinutes: 30, hours: BERLIN, zone: zoneOf('Europe/Berlin'), busy: [], now };
const said = (times: number[]) => times.map(sayTime);

describe('free times', () => {
  it('lie within the opening hours, also at their end', () => {
    expect(said(freeTimes(wanted))).toEqual(['09:00', '09:30', '10:00', '10:30']);
    expect(said(freeTimes({ ...wanted, durationMinutes: 60 }))).toEqual(['09:00', '09:30', '10:00']);
    expect(whyNotFree(wanted, 8 * 60)).toBe('closed');
  });

  it('leave out what is in the calendar, and whole days that are taken', () => {
    const busy = { start: new Date('2030-05-06T07:15:00Z'), end: new Date('2030-05-06T07:45:00Z'), allDay: false };
    expect(said(freeTimes({ ...wanted, busy: [busy] }))).toEqual(['10:00', '10:30']);
    const holiday = { start: new Date('2030-05-06T00:00:00Z'), end: new Date('2030-05-07T00:00:00Z'), allDay: true };
    expect(freeTimes({ ...wanted, busy: [holiday] })).toEqual([]);
    expect(freeTimes({ ...wanted, day: dayAfter(day, 1), busy: [holiday] })).toHaveLength(4);
  });

  it('begin after now', () => {
    expect(said(freeTimes({ ...wanted, now: new Date('2030-05-06T07:30:00Z') }))).toEqual(['10:00', '10:30']);
  });

  it('are told for a part of the day, and on usual days where a business has told no hours', () => {
    const times = freeTimes({ ...wanted, hours: USUAL_HOURS, zone: zoneOf('UTC') });
    expect(said(inPartOfDay(times, 'morning')).at(-1)).toBe('11:30');
    expect(said(inPartOfDay(times, 'afternoon'))[0]).toBe('12:00');
    expect(inPartOfDay(times, 'constructor')).toEqual(times);
    expect(freeTimes({ ...wanted, hours: USUAL_HOURS, zone: zoneOf('UTC'), day: readDay('2030-05-05')! })).toEqual([]);
  });
});

describe('local time', () => {
  it('follows the clocks of the country, and knows the hour that they leave out', () => {
    expect(zoneOf('Europe/Berlin').momentOf(readDay('2030-01-07')!, 540)?.toISOString()).toBe(
      '2030-01-07T08:00:00.000Z',
    );
    expect(zoneOf('Europe/Berlin').momentOf(day, 540)?.toISOString()).toBe('2030-05-06T07:00:00.000Z');
    expect(zoneOf('Europe/Berlin').momentOf(readDay('2030-03-31')!, 150)).toBeUndefined();
    expect(zoneOf('Europe/Berlin').momentOf(readDay('2030-10-27')!, 180)?.toISOString()).toBe(
      '2030-10-27T02:00:00.000Z',
    );
    expect(zoneOf('Pacific/Kiritimati').momentOf(day, 0)?.toISOString()).toBe('2030-05-05T10:00:00.000Z');
    expect(zoneOf('Europe/Berlin').dayOf(new Date('2030-05-06T23:30:00Z'))).toEqual(readDay('2030-05-07'));
  });

  it('is read strictly', () => {
    for (const text of ['2030-02-30', '2030-13-01', 'tomorrow', '06.05.2030', 7, null])
      expect(readDay(text)).toBeUndefined();
    for (const text of ['24:00', '9.30', '', 930, '12:60']) expect(readTime(text)).toBeUndefined();
    expect(readTime('9:30')).toBe(570);
    expect(sayDay(day)).toBe('Monday 6 May 2030');
  });
});
