/** The settings of an assistant as they cross the wire: values, versions, differences, drift. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

/** Names under /vapi/settings that are addresses of their own, so no setting may have them. */
export const RESERVED_KEYS = ['history', 'diff', 'drift'];

export const settingKeySchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a to z, 0 to 9 and _, start with a letter, and have at most 64 characters');

// Checked by the JSON parser already; walking every value again would cost each read.
const jsonValue = z.unknown();

export const settingParamsSchema = z.object({ key: settingKeySchema });

/** `assistant_id` is Vapi's id; without it the tenant's default assistant is meant. */
export const assistantQuerySchema = z.object({ assistant_id: z.uuid().optional() });

export const settingSchema = z
  .object({
    key: z.string(),
    /** The value in force; for a field that is absent at Vapi, the default that Vapi uses. */
    value: jsonValue,
    type: z.enum(['string', 'integer', 'number', 'boolean', 'json']),
    /** Whether AVA knows what it means; false for custom keys. */
    standard: z.boolean(),
    /** Smallest value (for a string: length) that is accepted, by AVA and by the provider; null where it has no meaning. */
    min: z.number().nullable(),
    max: z.number().nullable(),
    unit: z.string().nullable(),
    default: jsonValue,
    /** False where the assistant's provider has no such control; then `value` is null and a change is refused. */
    available: z.boolean(),
    unavailable_reason: z.string().nullable(),
    updated_at: timeSchema.nullable(),
    updated_by: z.string().nullable(),
    /** Send it back as If-Match. */
    etag: z.string(),
    /** Number of the last recorded change of this key; 0 where none was made through AVA. */
    version: z.number().int(),
    /** Whether Vapi's value differs from the one that AVA wrote or adopted last. */
    drift: z.boolean(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'Setting' });

const freshness = {
  /** Vapi did not answer; this is the last known copy. */
  stale: z.boolean(),
  /** When Vapi last told AVA so. */
  as_of: timeSchema.nullable(),
};

export const settingsListSchema = z
  .object({
    settings: z.array(settingSchema),
    /** Null where the tenant has no assistant yet. */
    assistant_id: z.uuid().nullable(),
    ...freshness,
    drift: z.boolean(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'SettingsList' });

export const settingReplySchema = z
  .object({
    setting: settingSchema,
    assistant_id: z.uuid(),
    ...freshness,
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'SettingReply' });

const reason = z.string().trim().min(1).max(500);

export const settingChangeSchema = z
  .object({ value: jsonValue.refine((value) => value !== undefined, 'is required'), reason: reason.optional() })
  .strict()
  .meta({ id: 'SettingChange' });

export const settingRemovalSchema = z
  .object({
    key: z.string(),
    /** Set where a standard setting went back to its default; null where a custom key is gone. */
    setting: settingSchema.nullable(),
    assistant_id: z.uuid(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'SettingRemoval' });

/** `set`, `reset` (back to the default), `removed`, `restored`, `adopted` and `reverted` (drift). */
export const VERSION_ACTIONS = ['set', 'reset', 'removed', 'restored', 'adopted', 'reverted'] as const;

export const settingVersionSchema = z
  .object({
    id: z.uuid(),
    assistant_id: z.uuid(),
    key: z.string(),
    version: z.number().int(),
    action: z.enum(VERSION_ACTIONS),
    before: jsonValue,
    after: jsonValue,
    author: z.string(),
    reason: z.string().nullable(),
    correlation_id: z.string(),
    /** Whether the change was made with If-Match. */
    checked: z.boolean(),
    created_at: timeSchema,
  })
  .meta({ id: 'SettingVersion' });

export const historyQuerySchema = listQuerySchema.extend(assistantQuerySchema.shape);

export const settingHistorySchema = z
  .object({ versions: z.array(settingVersionSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'SettingHistory' });

export const settingsDiffQuerySchema = z.object({ from: z.uuid(), to: z.uuid() });

/** Two versions of one key: what differs inside the value. Versions of different keys: every setting that differs between those two moments. */
export const settingsDiffSchema = z
  .object({
    from: settingVersionSchema,
    to: settingVersionSchema,
    changes: z.array(z.object({ key: z.string(), field: z.string(), from: jsonValue, to: jsonValue })),
  })
  .meta({ id: 'SettingsDiff' });

/** Version 0 is the value before the first recorded change. */
export const settingRestoreSchema = z
  .object({ version: z.number().int().min(0), reason: reason.optional() })
  .strict()
  .meta({ id: 'SettingRestore' });

export const settingDriftSchema = z
  .object({ key: z.string(), agreed: jsonValue, actual: jsonValue })
  .meta({ id: 'SettingDrift' });

export const settingsDriftSchema = z
  .object({
    drift: z.array(settingDriftSchema),
    assistant_id: z.uuid().nullable(),
    ...freshness,
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'SettingsDrift' });

/** `adopt` takes Vapi's values as agreed; `revert` writes the agreed values to Vapi again. Without `keys`: all that differ. */
export const driftActionSchema = z
  .object({
    action: z.enum(['adopt', 'revert']),
    keys: z.array(settingKeySchema).min(1).max(200).optional(),
    reason: reason.optional(),
  })
  .strict()
  .meta({ id: 'DriftAction' });

export const driftOutcomeSchema = z
  .object({
    handled: z.array(settingDriftSchema),
    drift: z.array(settingDriftSchema),
    assistant_id: z.uuid(),
    stub: z.literal(true).optional(),
  })
  .meta({ id: 'DriftOutcome' });

/** Members that a 412 `conflict` carries beside those of every problem document. */
export const settingConflictSchema = z
  .object({
    current: z.object({
      value: jsonValue,
      etag: z.string().nullable(),
      updated_at: timeSchema.nullable(),
      updated_by: z.string().nullable(),
    }),
    diff: z.array(z.object({ field: z.string(), base: jsonValue, current: jsonValue, yours: jsonValue })),
  })
  .meta({ id: 'SettingConflict' });

export type Setting = z.infer<typeof settingSchema>;
export type SettingsList = z.infer<typeof settingsListSchema>;
export type SettingReply = z.infer<typeof settingReplySchema>;
export type SettingRemoval = z.infer<typeof settingRemovalSchema>;
export type SettingVersion = z.infer<typeof settingVersionSchema>;
export type SettingHistory = z.infer<typeof settingHistorySchema>;
export type SettingsDiff = z.infer<typeof settingsDiffSchema>;
export type SettingDrift = z.infer<typeof settingDriftSchema>;
export type SettingsDrift = z.infer<typeof settingsDriftSchema>;
export type DriftOutcome = z.infer<typeof driftOutcomeSchema>;
export type SettingConflict = z.infer<typeof settingConflictSchema>;
