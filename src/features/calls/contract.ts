/** What happened on the phone: list, one, timeline, recording, and placing a call. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';
import { writtenText } from '../../http/text-shape.ts';

export const CALL_ERRORS = {
  destination_not_allowed: { status: 403, title: 'This destination may not be called' },
  call_budget_used_up: { status: 429, title: 'No more calls may be placed today' },
  recording_not_available: { status: 404, title: 'There is no recording of this call' },
  no_number_to_call_from: { status: 409, title: 'There is no number to call from' },
} as const;

/** `placing`: Vapi was asked for an outbound call and AVA does not know yet whether it exists. */
export const CALL_STATUSES = ['placing', 'queued', 'ringing', 'in_progress', 'forwarding', 'ended'] as const;
export const CALL_DIRECTIONS = ['inbound', 'outbound'] as const;
/** Who the caller reached in the end: the assistant, a person, voicemail, AVA's own sentence, or nobody. */
export const CALL_OUTCOMES = ['ai', 'person', 'voicemail', 'sentence', 'nobody', 'failed'] as const;

/**
 * Vendors' reasons for the end of a call, by prefix: a code that the dashboard can translate, and the English sentence.
 * The first match wins.
 */
export const ENDED_REASONS = {
  caller_hung_up: 'The caller hung up.',
  assistant_hung_up: 'The assistant ended the call.',
  forwarded: 'The assistant forwarded the call.',
  too_long: 'The call reached its longest allowed duration.',
  silence: 'Nobody spoke for a while.',
  voicemail: 'A voicemail answered.',
  canceled: 'The call was cancelled.',
  deleted: 'The call was deleted at Vapi.',
  busy: 'The line was busy.',
  not_answered: 'Nobody answered.',
  misdialed: 'The number does not exist or could not be dialled.',
  no_microphone: 'The caller did not allow the microphone.',
  webhook_failed: 'AVA did not tell Vapi in time which assistant answers.',
  assistant_missing: 'Vapi did not find a usable assistant.',
  billing: 'Vapi refused the call because of the subscription.',
  vapi_fault: 'Vapi had a fault.',
  ai_provider_fault: 'A speech or language provider failed.',
  telephony_fault: 'The telephone connection failed.',
  rescued: 'The assistant dropped out; AVA passed the caller on.',
  person_answered: 'A person took the call.',
  message_left: 'The caller left a message.',
  refused: 'Vapi did not take the order for this call.',
  told: 'The caller heard a sentence from AVA.',
  unknown: 'The call ended for a reason that AVA does not know.',
} as const;
export type EndedReasonCode = keyof typeof ENDED_REASONS;

export const callSchema = z
  .object({
    id: z.uuid(),
    vapi_call_id: z.string().nullable(),
    twilio_call_sid: z.string().nullable(),
    direction: z.enum(CALL_DIRECTIONS),
    status: z.enum(CALL_STATUSES),
    /** Null until it is known. */
    outcome: z.enum(CALL_OUTCOMES).nullable(),
    /** Why AVA routed the call as it did; a code of the routing test. */
    route_reason: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    customer_name: z.string().nullable(),
    assistant_id: z.string().nullable(),
    started_at: timeSchema,
    answered_at: timeSchema.nullable(),
    ended_at: timeSchema.nullable(),
    duration_seconds: z.number().int().nullable(),
    cost_usd: z.number().nullable(),
    /** The vendor's own word. */
    ended_reason: z.string().nullable(),
    ended_reason_code: z.enum(Object.keys(ENDED_REASONS) as [EndedReasonCode, ...EndedReasonCode[]]).nullable(),
    ended_reason_text: z.string().nullable(),
    summary: z.string().nullable(),
    has_transcript: z.boolean(),
    has_recording: z.boolean(),
    /** Found by reconciliation: its webhooks never came. */
    recovered: z.boolean(),
    updated_at: timeSchema,
  })
  .meta({ id: 'Call' });

/** `read`: whether the person who asks has read it. */
export const listedCallSchema = callSchema.extend({ read: z.boolean() }).meta({ id: 'ListedCall' });

export const callListSchema = z
  .object({ calls: z.array(listedCallSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'CallList' });

/** `q` searches transcripts and summaries; `phone_number` matches either side. */
export const callListQuerySchema = listQuerySchema.extend({
  q: writtenText().trim().min(1).max(200).optional(),
  status: z.enum(CALL_STATUSES).optional(),
  direction: z.enum(CALL_DIRECTIONS).optional(),
  outcome: z.enum(CALL_OUTCOMES).optional(),
  assistant_id: writtenText().max(64).optional(),
  phone_number: writtenText().max(32).optional(),
  from_time: timeSchema.optional(),
  to_time: timeSchema.optional(),
  /** Only calls that the person who asks has not read. */
  unread: z.enum(['true', 'false']).optional(),
});

/** The members of a call in their order: the columns of an export. */
export const CALL_FIELDS = Object.keys(callSchema.shape) as (keyof Call)[];

/** The filters of the list; everything that they let through. */
export const callExportQuerySchema = callListQuerySchema
  .omit({ cursor: true, limit: true })
  .extend({ format: z.enum(['csv', 'ndjson']).default('csv') });

export const callParamsSchema = z.object({ id: z.uuid() });

export const callMessageSchema = z
  .object({ role: z.string(), text: z.string(), seconds_from_start: z.number().nullable() })
  .meta({ id: 'CallMessage' });

export const callDetailSchema = callSchema
  .extend({
    transcript: z.string().nullable(),
    messages: z.array(callMessageSchema),
    success: z.string().nullable(),
    structured_data: z.unknown(),
    /** Where to fetch the recording through AVA; null when there is none. */
    recording_url: z.string().nullable(),
  })
  .meta({ id: 'CallDetail' });

export const callReplySchema = z.object({ call: callDetailSchema }).meta({ id: 'CallReply' });

export const placeCallSchema = z
  .object({
    to: z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +4930123456'),
    /** Default: the tenant's default assistant. */
    assistant_id: z.uuid().optional(),
    /** Twilio SID of the number to call from; default: the tenant's first number that Vapi knows. */
    number_sid: z
      .string()
      .regex(/^PN[0-9a-fA-F]{32}$/)
      .optional(),
    customer_name: writtenText().trim().min(1).max(40).optional(),
  })
  .meta({ id: 'PlaceCall' });

export const TIMELINE_KINDS = [
  'webhook',
  'route',
  'upstream',
  'breaker',
  'setting',
  'effect',
  'reconciliation',
] as const;

export const timelineEntrySchema = z
  .object({
    at: timeSchema,
    kind: z.enum(TIMELINE_KINDS),
    source: z.enum(['ava', 'vapi', 'twilio']),
    /** A stable code such as `status-update:in-progress`. */
    name: z.string(),
    text: z.string(),
    correlation_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TimelineEntry' });

export const callTimelineSchema = z.object({ timeline: z.array(timelineEntrySchema) }).meta({ id: 'CallTimeline' });

export const retentionSchema = z
  .object({
    /** Days after its end that a call is kept; null: for ever. */
    days: z.number().int().min(1).max(3650).nullable(),
  })
  .meta({ id: 'CallRetention' });

/** Where AVA may call, and how often in a day (UTC). */
export const callLimitsSchema = z
  .object({
    /** ISO country codes; empty: the countries of the tenant's own numbers. */
    countries: z.array(z.string().regex(/^[A-Z]{2}$/)).max(250),
    calls_per_user_per_day: z.number().int().min(0).max(100_000),
    calls_per_tenant_per_day: z.number().int().min(0).max(1_000_000),
  })
  .meta({ id: 'CallLimits' });

/** Text messages after calls. They cost money, so nobody gets any until somebody asks for them. */
export const callTextsSchema = z
  .object({
    when: z.enum(['never', 'voicemail', 'every_call']),
    /** Who is texted: at most five international numbers in countries that may be called, none of them premium. */
    to: z.array(z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +4930123456')).max(5),
    /** The most that are sent in one day (UTC). */
    per_day: z.number().int().min(1).max(9_999),
  })
  .refine(({ when, to }) => when === 'never' || to.length > 0, { path: ['to'], message: 'must name somebody' })
  .meta({ id: 'CallTexts' });

export const completenessSchema = z
  .object({
    days: z.array(
      z.object({
        date: z.iso.date(),
        vendor: z.enum(['vapi', 'twilio']),
        vendor_calls: z.number().int(),
        ledger_calls: z.number().int(),
        recovered: z.number().int(),
        missing: z.number().int(),
        checked_at: timeSchema,
      }),
    ),
  })
  .meta({ id: 'CallCompleteness' });

export const callStatsQuerySchema = z.object({ days: z.coerce.number().int().min(1).max(365).default(30) });

export const callStatsSchema = z
  .object({
    days: z.array(
      z.object({
        date: z.iso.date(),
        calls: z.number().int(),
        inbound: z.number().int(),
        outbound: z.number().int(),
        by_ai: z.number().int(),
        by_person: z.number().int(),
        voicemail: z.number().int(),
        sentence: z.number().int(),
        nobody: z.number().int(),
        failed: z.number().int(),
        seconds: z.number().int(),
        cost_usd: z.number(),
      }),
    ),
  })
  .meta({ id: 'CallStats' });

export type CallTexts = z.output<typeof callTextsSchema>;
export type Call = z.output<typeof callSchema>;
export type ListedCall = z.output<typeof listedCallSchema>;
export type CallDetail = z.output<typeof callDetailSchema>;
export type CallStatus = (typeof CALL_STATUSES)[number];
export type CallOutcome = (typeof CALL_OUTCOMES)[number];
export type TimelineEntry = z.output<typeof timelineEntrySchema>;
export type PlaceCall = z.output<typeof placeCallSchema>;
