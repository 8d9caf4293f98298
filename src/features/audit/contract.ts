/** What crosses the wire about the audit trail: who changed what, and whether the trail is whole. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const auditQuerySchema = listQuerySchema.extend({
  /** Exact action, or its first words followed by a dot. */
  action: z.string().max(100).optional(),
  actor: z.string().max(254).optional(),
});

export const auditEntrySchema = z
  .object({
    id: z.string(),
    at: timeSchema,
    /** E-mail of the person, or the name of the part of AVA that acted. */
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    correlation_id: z.string(),
    details: z.record(z.string(), z.unknown()).nullable(),
    /** Hexadecimal; covers this entry and, through the one before, every earlier one. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });

/** Newest first. */
export const auditListSchema = z
  .object({ entries: z.array(auditEntrySchema), next_cursor: z.string().nullable() })
  .meta({ id: 'AuditList' });

export const auditVerificationSchema = z
  .object({
    intact: z.boolean(),
    entries: z.number().int(),
    /** First entry that does not fit; null when the chain is whole. */
    broken_at: z.string().nullable(),
    /** Hash of the newest entry. Compare it with the daily log line: that shows whether the end was cut off. */
    head: z.string().nullable(),
  })
  .meta({ id: 'AuditVerification' });

export type AuditEntryWire = z.output<typeof auditEntrySchema>;
export type AuditVerificationWire = z.output<typeof auditVerificationSchema>;
