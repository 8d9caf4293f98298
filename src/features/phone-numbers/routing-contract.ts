/** Which assistant a number rings, and who answers if none can. */
import { z } from 'zod';
import { timeSchema } from '../../http/shapes.ts';
import { writtenText } from '../../http/text-shape.ts';

export const ROUTING_ERRORS = {
  routing_loop: { status: 422, title: 'The fallback would ring the number itself' },
  number_unmanageable: { status: 409, title: 'This number cannot be routed by AVA' },
} as const;

export const ROUTING_MODES = ['front_door', 'flip', 'off'] as const;
export const FALLBACK_STRATEGIES = ['in_order', 'all_at_once'] as const;
export const LANGUAGES = ['en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'pt-PT', 'pl-PL'] as const;
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const MAX_PEOPLE = 10;

/** E.164. */
export const phoneNumberSchema = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +4930123456')
  .meta({ id: 'PhoneNumberE164' });

export const numberParamsSchema = z.object({
  sid: z.string().regex(/^PN[0-9a-fA-F]{32}$/, 'must be PN and 32 hexadecimal digits'),
});

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time such as 09:00');

export const openingSchema = z
  .object({ days: z.array(z.enum(WEEKDAYS)).min(1).max(7), from: timeOfDay, to: timeOfDay })
  .meta({ id: 'Opening' });

/** Local time. An opening whose `to` is not after its `from` runs past midnight. */
export const businessHoursSchema = z
  .object({
    time_zone: z.string().min(1).max(64).refine(isTimeZone, 'is not a known time zone'),
    openings: z.array(openingSchema).max(14),
  })
  .meta({ id: 'BusinessHours' });

export const personSchema = z
  .object({ name: writtenText().trim().min(1).max(80), phone_number: phoneNumberSchema })
  .meta({ id: 'FallbackPerson' });

export const fallbackSchema = z
  .object({
    people: z.array(personSchema).max(MAX_PEOPLE).default([]),
    strategy: z.enum(FALLBACK_STRATEGIES).default('in_order'),
    /** How long each person is rung, in seconds. */
    ring_seconds: z.number().int().min(5).max(60).default(20),
    /** A person has to press 1, so that a person's own voicemail does not swallow the call. */
    confirm: z.boolean().default(true),
    voicemail: z.boolean().default(true),
    /** What the caller hears before voicemail, or at the end where there is none; empty: AVA's own sentence in the number's language. */
    message: writtenText().max(1000).default(''),
  })
  .meta({ id: 'FallbackPlan' });

export const routingInputSchema = z
  .object({
    assistant_id: z.uuid().nullable().default(null),
    mode: z.enum(ROUTING_MODES),
    fallback: fallbackSchema.default(() => fallbackSchema.parse({})),
    language: z.enum(LANGUAGES).default('en-US'),
    /** Outside them nobody is rung, and the call goes to voicemail; null: people are rung at any hour. */
    business_hours: businessHoursSchema.nullable().default(null),
    assistant_answers: z.enum(['always', 'in_hours', 'outside_hours']).default('always'),
    reason: writtenText().max(500).optional(),
  })
  .meta({ id: 'RoutingChange' });

/** Things that keep the plan from taking effect, each with what to do about it. */
export const routingWarningSchema = z
  .object({
    code: z.enum([
      'trunk_overrides',
      'application_overrides',
      'not_at_vapi',
      'no_assistant',
      'no_fallback',
      'voice_url_changed',
      'fallback_url_changed',
      'static_fallback_missing',
      'not_provisioned',
    ]),
    detail: z.string(),
  })
  .meta({ id: 'RoutingWarning' });

export const routingSchema = routingInputSchema
  .omit({ reason: true })
  .extend({
    sid: z.string(),
    phone_number: z.string(),
    /** Whether flip mode has turned the number to the fallback now. */
    flipped: z.boolean(),
    warnings: z.array(routingWarningSchema),
    updated_at: timeSchema.nullable(),
    updated_by: z.string().nullable(),
    etag: z.string(),
  })
  .meta({ id: 'Routing' });

/** One thing that the caller would hear or that would happen, in order. */
export const routingStepSchema = z
  .object({
    does: z.enum(['assistant', 'ring', 'voicemail', 'say']),
    text: z.string(),
    people: z.array(personSchema).optional(),
    /** How long each of `people` is rung, in seconds. */
    seconds: z.number().int().optional(),
  })
  .meta({ id: 'RoutingStep' });

export const routingTestSchema = z
  .object({
    sid: z.string(),
    phone_number: z.string(),
    at: timeSchema,
    route: z.enum(['ai', 'person', 'voicemail', 'sentence']),
    reason: z.string(),
    why: z.string(),
    steps: z.array(routingStepSchema),
    /** What Twilio would be told by AVA alone, without the assistant. */
    fallback_twiml: z.string(),
    warnings: z.array(routingWarningSchema),
  })
  .meta({ id: 'RoutingTest' });

/** As many as a dashboard shows; a tenant with more asks number by number. */
export const MAX_TESTED_AT_ONCE = 200;

export const routingNowSchema = z
  .object({
    /** One for each number that AVA routes, by number. */
    tests: z.array(routingTestSchema.omit({ fallback_twiml: true, warnings: true }).meta({ id: 'RoutingVerdict' })),
  })
  .meta({ id: 'RoutingNow' });

export type RoutingNow = z.output<typeof routingNowSchema>;
export type RoutingVerdict = RoutingNow['tests'][number];
export type RoutingInput = z.output<typeof routingInputSchema>;
export type Routing = z.output<typeof routingSchema>;
export type RoutingTest = z.output<typeof routingTestSchema>;
export type RoutingWarning = z.output<typeof routingWarningSchema>;
export type FallbackPlan = z.output<typeof fallbackSchema>;
export type BusinessHours = z.output<typeof businessHoursSchema>;
export type Language = (typeof LANGUAGES)[number];

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
