/** Verification runs and releases as they cross the wire. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const CHECK_STATES = ['passed', 'failed', 'skipped'] as const;
export const VERIFICATION_KINDS = ['smoke', 'full', 'watch'] as const;

/** What proves a check: each a short text as it was seen, with secrets masked. */
export const evidenceSchema = z
  .object({
    request: z.string().max(2000).optional(),
    response: z.string().max(4000).optional(),
    log: z.string().max(4000).optional(),
    metric: z.string().max(2000).optional(),
  })
  .meta({ id: 'CheckEvidence' });

export const checkSchema = z
  .object({
    id: z.string().max(60),
    /** The line of the guide it proves, such as `R7`; null where it proves none. */
    requirement: z.string().max(20).nullable(),
    title: z.string().max(200),
    state: z.enum(CHECK_STATES),
    /** What was seen, or why it was skipped. */
    detail: z.string().max(2000),
    duration_ms: z.number().min(0),
    evidence: z.array(evidenceSchema).max(20),
  })
  .meta({ id: 'Check' });

const verificationFields = {
  kind: z.enum(VERIFICATION_KINDS),
  /** Address that was verified. */
  target: z.string().max(500),
  version: z.string().max(100).nullable(),
  commit: z.string().max(100).nullable(),
  started_at: timeSchema,
  finished_at: timeSchema,
  checks: z.array(checkSchema).min(1).max(200),
};

/** A finished run, as `ava verify --record` reports it. */
export const verificationBodySchema = z.strictObject(verificationFields).meta({ id: 'VerificationRequest' });

const counts = {
  passed: z.number().int(),
  failed: z.number().int(),
  skipped: z.number().int(),
};

export const verificationSchema = z
  .object({
    id: z.uuid(),
    ...verificationFields,
    /** `incomplete`: nothing failed, but something was skipped. */
    outcome: z.enum(['passed', 'failed', 'incomplete']),
    ...counts,
    author: z.string(),
    recorded_at: timeSchema,
  })
  .meta({ id: 'Verification' });

export const verificationSummarySchema = verificationSchema.omit({ checks: true }).meta({ id: 'VerificationSummary' });

/** Newest first; the checks are in the single run. */
export const verificationListSchema = z
  .object({ verifications: z.array(verificationSummarySchema), next_cursor: z.string().nullable() })
  .meta({ id: 'VerificationList' });
export const verificationReplySchema = z.object({ verification: verificationSchema }).meta({ id: 'VerificationReply' });
export const verificationParamsSchema = z.object({ id: z.uuid() });
export const verificationListQuerySchema = listQuerySchema;

/** A tenant of verification's own, and a short-lived token for it; gone with DELETE, or by itself an hour after it was made. */
export const verificationSessionSchema = z
  .object({ tenant_id: z.uuid(), access_token: z.string(), expires_at: timeSchema })
  .meta({ id: 'VerificationSession' });

export const verificationSessionEndSchema = z
  .object({ tenant_id: z.uuid(), removed: z.literal(true) })
  .meta({ id: 'VerificationSessionEnd' });

export const RELEASE_STATES = ['running', 'succeeded', 'rolled_back', 'failed'] as const;

export const releaseSchema = z
  .object({
    id: z.uuid(),
    version: z.string(),
    commit: z.string().nullable(),
    previous_version: z.string().nullable(),
    /** What was deployed to: `systemd`, `kubernetes`, `render`, `railway`, `fly`, `command`. */
    target: z.string(),
    state: z.enum(RELEASE_STATES),
    /** Why it ended as it did, in words that an owner understands. */
    reason: z.string().nullable(),
    verification_id: z.uuid().nullable(),
    author: z.string(),
    started_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'Release' });

export const releaseListSchema = z
  .object({ releases: z.array(releaseSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'ReleaseList' });
export const releaseReplySchema = z.object({ release: releaseSchema }).meta({ id: 'ReleaseReply' });

export const releaseBodySchema = z
  .strictObject({
    version: z.string().trim().min(1).max(100),
    commit: z.string().trim().max(100).optional(),
    previous_version: z.string().trim().max(100).optional(),
    target: z.string().trim().min(1).max(60),
    state: z.enum(RELEASE_STATES),
    reason: z.string().trim().max(1000).optional(),
    verification_id: z.uuid().optional(),
    started_at: timeSchema,
    finished_at: timeSchema.optional(),
  })
  .meta({ id: 'ReleaseRequest' });

export type Check = z.output<typeof checkSchema>;
export type Evidence = z.output<typeof evidenceSchema>;
export type VerificationBody = z.output<typeof verificationBodySchema>;
export type VerificationWire = z.output<typeof verificationSchema>;
export type VerificationSummaryWire = z.output<typeof verificationSummarySchema>;
export type ReleaseWire = z.output<typeof releaseSchema>;
export type ReleaseBody = z.output<typeof releaseBodySchema>;
