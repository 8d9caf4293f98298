/** E-mail and text messages as they cross the wire. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const MESSAGING_ERRORS = {
  stub_disabled_in_production: { status: 403, title: 'Stub integrations are disabled' },
  email_not_configured: { status: 409, title: 'No e-mail provider is configured' },
} as const;

const addressSchema = z.string().trim().max(254).pipe(z.email());
// Line breaks and other control characters in a header are how mail is forged; they are refused, never removed.
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const headerTextSchema = z
  .string()
  .refine((value) => !CONTROL.test(value), 'must not contain line breaks or control characters');

export const emailTestBodySchema = z
  .strictObject({
    to: headerTextSchema.pipe(addressSchema),
    subject: headerTextSchema.pipe(z.string().trim().min(1).max(200)),
    text: z.string().min(1).max(10_000),
  })
  .meta({ id: 'EmailTestRequest' });

export const emailTestSchema = z
  .object({
    /** Whether a provider accepted the message. */
    delivered: z.boolean(),
    /** True where nothing was sent because stub mode is on. */
    stub: z.boolean(),
    provider: z.enum(['smtp', 'resend']).nullable(),
    message_id: z.string().nullable(),
    /** What happened, for a person. */
    note: z.string(),
  })
  .meta({ id: 'EmailTest' });

/** `unknown`: it left and no answer came, so nobody sends it again blindly. `given_up`: every attempt failed. */
const MESSAGE_STATES = ['waiting', 'sent', 'refused', 'unknown', 'given_up'] as const;
const MESSAGE_CHANNELS = ['email', 'sms'] as const;

export const sentMessageSchema = z
  .object({
    id: z.uuid(),
    channel: z.enum(MESSAGE_CHANNELS),
    state: z.enum(MESSAGE_STATES),
    /** Cut down to what tells one recipient from another. */
    to: z.string().nullable(),
    /** The call that it is about. */
    call_id: z.uuid().nullable(),
    /** Under which the provider knows it. */
    message_id: z.string().nullable(),
    problem: z.string().nullable(),
    attempts: z.number().int(),
    correlation_id: z.string(),
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .meta({ id: 'SentMessage' });

export const sentMessageListSchema = z
  .object({ messages: z.array(sentMessageSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'SentMessageList' });

export const sentMessageQuerySchema = listQuerySchema.extend({
  channel: z.enum(MESSAGE_CHANNELS).optional(),
  state: z.enum(MESSAGE_STATES).optional(),
});

export type SentMessage = z.output<typeof sentMessageSchema>;
export type SentMessageChannel = SentMessage['channel'];
export type MessageState = SentMessage['state'];
export type EmailTestBody = z.output<typeof emailTestBodySchema>;
export type EmailTestWire = z.output<typeof emailTestSchema>;
