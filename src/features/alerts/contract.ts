/** Alerts as they cross the wire: what fires, what fired, who was told, what is silenced. All of it is for operators. */
import { z } from 'zod';
import { listQuerySchema, timeSchema } from '../../http/shapes.ts';

export const ALERT_ERRORS = {
  alert_over: { status: 409, title: 'This alert is over' },
} as const;

/** `critical` pages somebody; `warning` can wait for the morning; `info` is for the record. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export const CHANNELS = ['pagerduty', 'slack', 'email'] as const;

export const severitySchema = z.enum(SEVERITIES).meta({ id: 'AlertSeverity' });
export const channelSchema = z.enum(CHANNELS).meta({ id: 'AlertChannel' });

export const alertNotificationSchema = z
  .object({
    channel: channelSchema,
    kind: z.enum(['trigger', 'acknowledge', 'resolve', 'test']),
    outcome: z.enum(['delivered', 'failed', 'unknown']),
    /** Why it failed; null where it was delivered. */
    problem: z.string().nullable(),
    at: timeSchema,
  })
  .meta({ id: 'AlertNotification' });

export const alertSchema = z
  .object({
    id: z.uuid(),
    rule: z.string(),
    severity: severitySchema,
    /** What is wrong, in one sentence. */
    summary: z.string(),
    /** What it is about: a circuit, a queue; `installation` where it is the whole. */
    resource: z.string(),
    state: z.enum(['firing', 'acknowledged', 'resolved']),
    /** The figure that was measured last. */
    value: z.number().nullable(),
    meaning: z.string(),
    action: z.string(),
    /** When the condition began to hold. */
    started_at: timeSchema,
    /** When it had held long enough. */
    fired_at: timeSchema,
    resolved_at: timeSchema.nullable(),
    acknowledged_at: timeSchema.nullable(),
    acknowledged_by: z.string().nullable(),
    /** Set while a silence covers it. */
    silenced_until: timeSchema.nullable(),
    notifications: z.array(alertNotificationSchema),
  })
  .meta({ id: 'Alert' });

/** `open`: firing or acknowledged. Newest first. */
export const alertListQuerySchema = listQuerySchema.extend({ state: z.enum(['open', 'resolved']).optional() });

export const alertListSchema = z
  .object({
    alerts: z.array(alertSchema),
    next_cursor: z.string().nullable(),
    /** When the rules were last evaluated by any replica; null: never. */
    evaluated_at: timeSchema.nullable(),
  })
  .meta({ id: 'AlertList' });

export const alertParamsSchema = z.object({ id: z.uuid() });
export const alertReplySchema = z.object({ alert: alertSchema }).meta({ id: 'AlertReply' });

export const silenceSchema = z
  .object({
    id: z.uuid(),
    rule: z.string(),
    /** Null: every resource of that rule. */
    resource: z.string().nullable(),
    reason: z.string(),
    author: z.string(),
    created_at: timeSchema,
    expires_at: timeSchema,
  })
  .meta({ id: 'AlertSilence' });

export const silenceBodySchema = z
  .strictObject({
    rule: z.string().min(1).max(100),
    resource: z.string().min(1).max(200).optional(),
    reason: z.string().trim().min(1).max(200),
    minutes: z.number().int().min(1).max(10_080),
  })
  .meta({ id: 'AlertSilenceRequest' });

export const silenceListSchema = z
  .object({ silences: z.array(silenceSchema), next_cursor: z.null() })
  .meta({ id: 'AlertSilenceList' });
export const silenceReplySchema = z.object({ silence: silenceSchema }).meta({ id: 'AlertSilenceReply' });

export const alertRuleSchema = z
  .object({
    id: z.string(),
    severity: severitySchema,
    summary: z.string(),
    /** How long the condition must hold. */
    for_seconds: z.number().int(),
    meaning: z.string(),
    action: z.string(),
    channels: z.array(channelSchema),
  })
  .meta({ id: 'AlertRule' });

/** Sixty minutes of the whole fleet, oldest first; the verification's own traffic is left out. */
export const trafficSchema = z
  .object({
    minutes: z.array(
      z.object({
        at: timeSchema,
        requests: z.number().int(),
        rate_limited: z.number().int(),
        errors_ava: z.number().int(),
        upstreams: z.array(
          z.object({
            upstream: z.string(),
            attempts: z.number().int(),
            /** Attempts that failed by the upstream's fault. */
            failed: z.number().int(),
            mean_ms: z.number().int().nullable(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Traffic' });

export const alertRuleListSchema = z
  .object({ rules: z.array(alertRuleSchema), next_cursor: z.null() })
  .meta({ id: 'AlertRuleList' });

export const alertChannelListSchema = z
  .object({
    channels: z.array(
      z.object({
        channel: channelSchema,
        configured: z.boolean(),
        /** The severities that go there first. */
        severities: z.array(severitySchema),
        last_delivered_at: timeSchema.nullable(),
        last_failed_at: timeSchema.nullable(),
        last_problem: z.string().nullable(),
      }),
    ),
    next_cursor: z.null(),
  })
  .meta({ id: 'AlertChannelList' });

/** Without `channel`: every one that is configured. */
export const alertTestBodySchema = z
  .strictObject({ channel: channelSchema.optional() })
  .optional()
  .meta({ id: 'AlertTestRequest' });

export const alertTestSchema = z
  .object({
    results: z.array(
      z.object({
        channel: channelSchema,
        configured: z.boolean(),
        delivered: z.boolean(),
        /** What the channel answered, for a person. */
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'AlertTest' });

export type Severity = (typeof SEVERITIES)[number];
export type Channel = (typeof CHANNELS)[number];
export type AlertWire = z.output<typeof alertSchema>;
export type SilenceWire = z.output<typeof silenceSchema>;
export type AlertRuleWire = z.output<typeof alertRuleSchema>;
export type AlertTestWire = z.output<typeof alertTestSchema>;
