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
    /** The sentences of `detail` and what stands in their gaps `{0}`, `{1}` …, for readers of another language. */
    said: z
      .array(z.object({ words: z.string().max(500), values: z.array(z.string().max(1000)).max(10) }))
      .max(10)
      .optional(),
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
export const RELEASE_KINDS = ['release', 'rollback'] as const;
/** Where a running release stands; `holding`: the watch is over, and there was too little to judge. */
export const RELEASE_PHASES = ['preparing', 'rolling', 'watching', 'holding', 'rolling_back'] as const;

export const RELEASE_ERRORS = {
  release_running: { status: 409, title: 'Another release is under way' },
  release_over: { status: 409, title: 'This release has ended' },
  release_not_yours: { status: 409, title: 'Somebody else carries this release out' },
} as const;

/** One step of a plan, as it was shown before anything was done. */
export const releaseStepSchema = z
  .object({
    id: z.string().max(120),
    /** The replica it is done to; null where it concerns the whole installation. */
    replica: z.string().max(200).nullable(),
    title: z.string().max(300),
    /** What is run, in order; none where AVA only looks. */
    commands: z.array(z.string().max(4000)).max(20),
    /** What must be so for the step to be done. */
    until: z.string().max(500),
    /** What happens when it is not. */
    otherwise: z.string().max(500),
  })
  .meta({ id: 'ReleaseStep' });

export const releasePlanSchema = z
  .object({
    steps: z.array(releaseStepSchema).max(500),
    /** The way back, for whatever has been changed by then. */
    back: z.array(releaseStepSchema).max(500),
  })
  .meta({ id: 'ReleasePlan' });

/** How far each replica is, and what happened when. */
export const releaseProgressSchema = z
  .object({
    replicas: z
      .array(
        z.object({
          name: z.string().max(200),
          url: z.string().max(500),
          from: z.string().max(100),
          state: z.enum(['old', 'changing', 'new', 'returning', 'returned']),
        }),
      )
      .max(200),
    events: z
      .array(
        z.object({
          at: timeSchema,
          step: z.string().max(120),
          outcome: z.enum(['begun', 'done', 'failed', 'noted']),
          detail: z.string().max(2000),
        }),
      )
      .max(1000),
  })
  .meta({ id: 'ReleaseProgress' });

const releaseSummaryFields = {
  id: z.uuid(),
  kind: z.enum(RELEASE_KINDS),
  version: z.string(),
  commit: z.string().nullable(),
  previous_version: z.string().nullable(),
  /** What was deployed to: `systemd`, `ssh`, `kubernetes`, `render`, `railway`, `fly`, `command`. */
  target: z.string(),
  state: z.enum(RELEASE_STATES),
  phase: z.enum(RELEASE_PHASES).nullable(),
  /** Why it ended as it did, in words that an owner understands. */
  reason: z.string().nullable(),
  verification_id: z.uuid().nullable(),
  author: z.string(),
  /** Who carries it out; null for one that was only recorded. */
  holder: z.string().nullable(),
  started_at: timeSchema,
  updated_at: timeSchema.nullable(),
  finished_at: timeSchema.nullable(),
};

export const releaseSchema = z.object(releaseSummaryFields).meta({ id: 'Release' });
export const releaseDetailSchema = z
  .object({
    ...releaseSummaryFields,
    plan: releasePlanSchema.nullable(),
    progress: releaseProgressSchema.nullable(),
  })
  .meta({ id: 'ReleaseDetail' });

export const releaseListSchema = z
  .object({ releases: z.array(releaseSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'ReleaseList' });
export const releaseReplySchema = z.object({ release: releaseDetailSchema }).meta({ id: 'ReleaseReply' });
export const releaseParamsSchema = z.object({ id: z.uuid() });

const reasonSchema = z.string().trim().max(2000);
const holderSchema = z.string().trim().min(1).max(200);

export const releaseBodySchema = z
  .strictObject({
    kind: z.enum(RELEASE_KINDS).default('release'),
    version: z.string().trim().min(1).max(100),
    commit: z.string().trim().max(100).optional(),
    previous_version: z.string().trim().max(100).optional(),
    target: z.string().trim().min(1).max(60),
    state: z.enum(RELEASE_STATES),
    phase: z.enum(RELEASE_PHASES).optional(),
    reason: reasonSchema.optional(),
    verification_id: z.uuid().optional(),
    /** Given with the state `running`, this release is the only one until it ends. */
    holder: holderSchema.optional(),
    plan: releasePlanSchema.optional(),
    progress: releaseProgressSchema.optional(),
    started_at: timeSchema,
    finished_at: timeSchema.optional(),
  })
  .meta({ id: 'ReleaseRequest' });

/** How a running release stands now, or how it ended. */
export const releaseChangeBodySchema = z
  .strictObject({
    holder: holderSchema,
    /** Take it over from whoever held it; the one before is refused from then on. */
    take_over: z.boolean().default(false),
    state: z.enum(RELEASE_STATES),
    phase: z.enum(RELEASE_PHASES).optional(),
    reason: reasonSchema.optional(),
    verification_id: z.uuid().optional(),
    progress: releaseProgressSchema,
    finished_at: timeSchema.optional(),
  })
  .meta({ id: 'ReleaseChangeRequest' });

export type Check = z.output<typeof checkSchema>;
export type Evidence = z.output<typeof evidenceSchema>;
export type VerificationBody = z.output<typeof verificationBodySchema>;
export type VerificationWire = z.output<typeof verificationSchema>;
export type VerificationSummaryWire = z.output<typeof verificationSummarySchema>;
export type ReleaseWire = z.output<typeof releaseSchema>;
export type ReleaseDetailWire = z.output<typeof releaseDetailSchema>;
export type ReleaseBody = z.output<typeof releaseBodySchema>;
export type ReleaseChangeBody = z.output<typeof releaseChangeBodySchema>;
export type ReleasePlan = z.output<typeof releasePlanSchema>;
export type ReleaseStep = z.output<typeof releaseStepSchema>;
export type ReleaseProgress = z.output<typeof releaseProgressSchema>;
