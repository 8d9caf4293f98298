/** Assistants as they cross the wire. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const assistantParamsSchema = z.object({ id: z.uuid() });

const word = z.string().trim().min(1).max(200);

export const modelSchema = z.object({ provider: word, model: word.nullable() });
export const voiceSchema = z.object({ provider: word, voice_id: word.nullable() });
export const transcriberSchema = z.object({ provider: word, model: word.nullable(), language: word.nullable() });

export const FIRST_MESSAGE_MODES = [
  'assistant-speaks-first',
  'assistant-speaks-first-with-model-generated-message',
  'assistant-waits-for-user',
] as const;

export const assistantSchema = z
  .object({
    /** Vapi's id. */
    assistant_id: z.uuid(),
    name: z.string(),
    /** Whether the settings page and numbers without a choice of their own mean this one. */
    default: z.boolean(),
    first_message: z.string().nullable(),
    first_message_mode: z.string(),
    /** The system prompt. */
    prompt: z.string().nullable(),
    model: z.object({ provider: z.string(), model: z.string().nullable() }).nullable(),
    voice: z.object({ provider: z.string(), voice_id: z.string().nullable() }).nullable(),
    transcriber: z
      .object({ provider: z.string(), model: z.string().nullable(), language: z.string().nullable() })
      .nullable(),
    /** Whether Vapi sends this assistant's webhooks to this AVA, with retries. */
    connected: z.boolean(),
    created_at: timeSchema,
    updated_at: timeSchema,
    /** Set on an assistant that was deleted through AVA and may be restored. */
    deleted_at: timeSchema.nullable(),
    etag: z.string(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'Assistant' });

const freshness = { stale: z.boolean(), as_of: timeSchema.nullable() };

export const assistantReplySchema = z
  .object({ assistant: assistantSchema, ...freshness, stub: z.literal(true).optional() })
  .meta({ id: 'AssistantReply' });

export const assistantListQuerySchema = listQuerySchema.extend({
  /** Also those that were deleted through AVA and may be restored. */
  deleted: z.enum(['true', 'false']).default('false'),
});

export const assistantListSchema = z
  .object({
    assistants: z.array(assistantSchema),
    next_cursor: z.string().nullable(),
    ...freshness,
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'AssistantList' });

/** Every member may be left out: a change keeps what it does not name. */
export const assistantChangeSchema = z
  .object({
    name: z.string().trim().min(1).max(40),
    default: z.literal(true),
    first_message: z.string().min(1).max(200),
    first_message_mode: z.enum(FIRST_MESSAGE_MODES),
    prompt: z.string().min(1).max(65_536),
    model: z.object({ provider: word, model: word.optional() }).strict(),
    voice: z.object({ provider: word, voice_id: word.optional() }).strict(),
    transcriber: z.object({ provider: word, model: word.optional(), language: word.optional() }).strict(),
    reason: z.string().trim().min(1).max(500),
  })
  .partial()
  .strict()
  .meta({ id: 'AssistantChange' });

export const newAssistantSchema = assistantChangeSchema
  .extend({ name: z.string().trim().min(1).max(40) })
  .strict()
  .meta({ id: 'NewAssistant' });

export const duplicateAssistantSchema = z
  .object({ name: z.string().trim().min(1).max(40).optional() })
  .strict()
  .optional();

export const assistantRemovalSchema = z
  .object({ assistant_id: z.uuid(), deleted_at: timeSchema, stub: z.literal(true).optional() })
  .meta({ id: 'AssistantRemoval' });

export type Assistant = z.infer<typeof assistantSchema>;
export type AssistantReply = z.infer<typeof assistantReplySchema>;
export type AssistantList = z.infer<typeof assistantListSchema>;
export type AssistantChange = z.infer<typeof assistantChangeSchema>;
export type NewAssistant = z.infer<typeof newAssistantSchema>;
export type AssistantRemoval = z.infer<typeof assistantRemovalSchema>;
