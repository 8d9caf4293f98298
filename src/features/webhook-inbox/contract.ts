/** Vendors' messages as AVA keeps them: what came, what became of it, and what an operator can do about it. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const WEBHOOK_STATES = ['pending', 'processed', 'dead', 'quarantined'] as const;
export const WEBHOOK_VENDORS = ['vapi', 'twilio'] as const;

export const WEBHOOK_ERRORS = {
  webhook_not_replayable: { status: 409, title: 'This webhook event cannot be replayed' },
} as const;

export const webhookEventSchema = z
  .object({
    id: z.uuid(),
    /** Null in quarantine: nobody knows whose it is. */
    tenant_id: z.uuid().nullable(),
    vendor: z.enum(WEBHOOK_VENDORS),
    type: z.string(),
    state: z.enum(WEBHOOK_STATES),
    vapi_call_id: z.string().nullable(),
    twilio_call_sid: z.string().nullable(),
    received_at: timeSchema,
    processed_at: timeSchema.nullable(),
    attempts: z.number().int(),
    /** How often the vendor sent the same message again. */
    repeats: z.number().int(),
    /** Why it is in quarantine, or why the last attempt failed. */
    problem: z.string().nullable(),
    correlation_id: z.string(),
  })
  .meta({ id: 'WebhookEvent' });

export const webhookEventListSchema = z
  .object({ webhooks: z.array(webhookEventSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookEventList' });

export const webhookListQuerySchema = listQuerySchema.extend({
  state: z.enum(WEBHOOK_STATES).optional(),
  vendor: z.enum(WEBHOOK_VENDORS).optional(),
});

export const webhookParamsSchema = z.object({ id: z.uuid() });

export const webhookReplySchema = z.object({ webhook: webhookEventSchema }).meta({ id: 'WebhookEventReply' });

/** `kept`: the fields of the message that AVA stores. */
export const webhookDetailSchema = z
  .object({ webhook: webhookEventSchema.extend({ kept: z.unknown() }) })
  .meta({ id: 'WebhookEventDetail' });

export type WebhookEvent = z.output<typeof webhookEventSchema>;
export type WebhookState = (typeof WEBHOOK_STATES)[number];
