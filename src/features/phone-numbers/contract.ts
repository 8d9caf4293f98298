/** Telephone numbers of the tenant's Twilio account as they cross the wire. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const numberParamsSchema = z.object({
  sid: z.string().regex(/^PN[0-9a-fA-F]{32}$/, 'must be PN followed by 32 hexadecimal digits'),
});

export const phoneNumberSchema = z
  .object({
    /** Twilio's id. */
    sid: z.string(),
    phone_number: z.string(),
    friendly_name: z.string().nullable(),
    capabilities: z.object({ voice: z.boolean(), sms: z.boolean(), mms: z.boolean() }),
    voice_url: z.string().nullable(),
    voice_fallback_url: z.string().nullable(),
    status_callback: z.string().nullable(),
    sms_url: z.string().nullable(),
    /** Who answers, as AVA has stored it; null while nothing was chosen. */
    assistant_id: z.uuid().nullable(),
    routing_mode: z.enum(['front_door', 'flip', 'off']).nullable(),
    /** Vapi's id of the number; null while it is not imported there. */
    vapi_phone_number_id: z.uuid().nullable(),
    /** What keeps Twilio from calling AVA for this number, in words; empty when all is well. */
    problems: z.array(z.string()),
    updated_at: timeSchema.nullable(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'PhoneNumber' });

const freshness = { stale: z.boolean(), as_of: timeSchema.nullable() };

export const numberListQuerySchema = listQuerySchema;

export const numberListSchema = z
  .object({
    numbers: z.array(phoneNumberSchema),
    next_cursor: z.string().nullable(),
    ...freshness,
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'PhoneNumberList' });

export const numberReplySchema = z
  .object({ number: phoneNumberSchema, ...freshness, stub: z.literal(true).optional() })
  .meta({ id: 'PhoneNumberReply' });

/** Without `assistant_id` the number is imported for the tenant's default assistant. */
export const importNumberSchema = z
  .object({ assistant_id: z.uuid().optional(), reason: z.string().trim().min(1).max(500).optional() })
  .strict()
  .optional();

export type PhoneNumber = z.infer<typeof phoneNumberSchema>;
export type NumberList = z.infer<typeof numberListSchema>;
export type NumberReply = z.infer<typeof numberReplySchema>;
