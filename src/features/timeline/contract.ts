/** One id, the whole story: everything that AVA keeps about a correlation id, a call, a message or an effect, in order. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';
import { writtenText } from '../../http/text-shape.ts';
import { CALL_DIRECTIONS, CALL_OUTCOMES, CALL_STATUSES, TIMELINE_KINDS } from '../calls/contract.ts';

/** The kinds of a call's own timeline, and what other rooms keep: stored messages, audit entries, alerts. */
export const STORY_KINDS = [...TIMELINE_KINDS, 'message', 'audit', 'alert'] as const;

export const STORY_IDS = [
  'correlation_id',
  'call_id',
  'vapi_call_id',
  'twilio_call_sid',
  'webhook_id',
  'effect_id',
  'effect_key',
  'version_id',
  'audit_id',
  'alert_id',
] as const;

export const storyQuerySchema = listQuerySchema.extend({
  /** A correlation id, a call's id at AVA, Vapi or Twilio, or the id of a message, an effect, a mail or an alert. */
  id: writtenText().trim().min(1).max(400),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

export const storyCallSchema = z
  .object({
    id: z.uuid(),
    vapi_call_id: z.string().nullable(),
    twilio_call_sid: z.string().nullable(),
    direction: z.enum(CALL_DIRECTIONS),
    status: z.enum(CALL_STATUSES),
    outcome: z.enum(CALL_OUTCOMES).nullable(),
    started_at: timeSchema,
    ended_at: timeSchema.nullable(),
  })
  .meta({ id: 'StoryCall' });

export const storyEntrySchema = z
  .object({
    at: timeSchema,
    kind: z.enum(STORY_KINDS),
    /** A stable code such as `status-update:in-progress`. */
    name: z.string(),
    text: z.string(),
    /** What else this entry is known under; each of them can be asked for in turn. */
    ids: z.partialRecord(z.enum(STORY_IDS), z.string()),
  })
  .meta({ id: 'StoryEntry' });

export const storySchema = z
  .object({
    id: z.string(),
    /** The calls that the id leads to, newest first; at most 20. */
    calls: z.array(storyCallSchema),
    /** Oldest first. */
    entries: z.array(storyEntrySchema),
    next_cursor: z.string().nullable(),
    /** There is more under this id than AVA looks through; ask for one of the calls instead. */
    truncated: z.boolean(),
  })
  .meta({ id: 'Story' });

export type Story = z.output<typeof storySchema>;
export type StoryCall = z.output<typeof storyCallSchema>;
export type StoryEntry = z.output<typeof storyEntrySchema>;
export type StoryIds = StoryEntry['ids'];
