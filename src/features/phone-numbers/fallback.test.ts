import { describe, expect, it } from 'vitest';
import { renderTwiml } from '../../providers/twilio/twiml.ts';
import { isOpenAt } from './business-hours.ts';
import { fallbackStep, type RoutingPlan } from './fallback.ts';
import { fallbackSchema, routingInputSchema } from './routing-contract.ts';

const webhooks = 'https://ava.example/webhooks/twilio';
const noon = new Date('2026-01-05T12:00:00Z');
const people = [
  { name: 'Ann', phone_number: '+15005550006' },
  { name: 'Ben', phone_number: '+15005550007' },
];
const plan = (fallback: object = {}, more: Partial<RoutingPlan> = {}): RoutingPlan => {
  const parsed = routingInputSchema.parse({ mode: 'front_door', fallback: { people, ...fallback } });
  const { fallback: whole, language, business_hours, assistant_answers } = parsed;
  return { fallback: whole, language, business_hours, assistant_answers, ...more };
};
const twiml = (given: RoutingPlan, rung: number | 'skip' = 0) =>
  renderTwiml(fallbackStep({ plan: given, now: noon, rung, webhooks, sid: 'PN1' }).verbs);

describe('the fallback plan', () => {
  it('rings people one after the other, then offers voicemail', () => {
    expect(twiml(plan())).toContain(
      'action="https://ava.example/webhooks/twilio/after?step=dial&amp;rung=1&amp;n=PN1"',
    );
    expect(twiml(plan())).toContain('>+15005550006</Number>');
    expect(twiml(plan(), 1)).toContain('>+15005550007</Number>');
    expect(twiml(plan(), 2)).toContain(
      '<Record action="https://ava.example/webhooks/twilio/after?step=voicemail&amp;n=PN1"',
    );
  });

  it('rings everybody at once where that is wanted, and nobody twice', () => {
    const atOnce = plan({ strategy: 'all_at_once' });
    expect(twiml(atOnce)).toContain('>+15005550006</Number><Number');
    expect(twiml(atOnce)).toContain('rung=2');
    expect(twiml(atOnce, 2)).toContain('<Record');
  });

  it('ends with a kind sentence where there is nobody and no voicemail, in the language of the number', () => {
    const silent = plan({ people: [], voicemail: false }, { language: 'de-DE' });
    expect(fallbackStep({ plan: silent, now: noon, rung: 0, webhooks, sid: 'PN1' }).route).toBe('sentence');
    expect(twiml(silent)).toContain('<Say language="de-DE">Leider');
    expect(twiml(plan({ people: [], voicemail: false, message: 'Closed & <moved>' }))).toContain(
      'Closed &amp; &lt;moved&gt;',
    );
  });

  it('rings nobody outside business hours', () => {
    const hours = { time_zone: 'Europe/Berlin', openings: [{ days: ['mon' as const], from: '09:00', to: '12:30' }] };
    expect(twiml(plan({}, { business_hours: hours }))).toContain('<Record');
    expect(fallbackSchema.parse({}).voicemail).toBe(true);
  });
});

describe('business hours', () => {
  const open = (openings: object[], time: string, zone = 'Europe/Berlin') =>
    isOpenAt({ time_zone: zone, openings: openings as never }, new Date(time));

  it('are told in local time, also across a change of the clock', () => {
    const day = [{ days: ['mon'], from: '09:00', to: '17:00' }];
    expect(open(day, '2026-01-05T08:00:00Z')).toBe(true);
    expect(open(day, '2026-01-05T07:59:00Z')).toBe(false);
    expect(open(day, '2026-07-06T07:00:00Z')).toBe(true);
    expect(open(day, '2026-01-06T09:00:00Z')).toBe(false);
    expect(open(day, '2026-01-05T16:00:00Z')).toBe(false);
  });

  it('may run past midnight, into the next week too', () => {
    const night = [{ days: ['sun'], from: '22:00', to: '06:00' }];
    expect(open(night, '2026-01-04T21:30:00Z')).toBe(true);
    expect(open(night, '2026-01-05T04:59:00Z')).toBe(true);
    expect(open(night, '2026-01-05T05:00:00Z')).toBe(false);
    expect(isOpenAt(null, noon)).toBe(true);
  });
});
