/** E-mail as it crosses the wire. */
import { z } from 'zod';

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

export type EmailTestBody = z.output<typeof emailTestBodySchema>;
export type EmailTestWire = z.output<typeof emailTestSchema>;
