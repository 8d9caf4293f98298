import { z } from 'zod';
import { timeSchema } from '../../http/shapes.ts';

export const healthSchema = z
  .object({ status: z.literal('ok'), version: z.string(), commit: z.string(), started_at: timeSchema })
  .meta({ id: 'Health' });

export const readinessSchema = z
  .object({ status: z.enum(['ready', 'draining', 'starting', 'database_unavailable']) })
  .meta({ id: 'Readiness' });

/** What the dashboard needs to know about the installation. */
export const systemInfoSchema = z
  .object({
    version: z.string(),
    commit: z.string(),
    env: z.enum(['development', 'production', 'test']),
    stub_mode: z.boolean(),
    /** The simulator stands behind it, so that calls and outages can be rehearsed. */
    demo: z.boolean(),
    public_url: z.string(),
    support: z.object({ slack: z.string().nullable(), email: z.string().nullable() }),
  })
  .meta({ id: 'SystemInfo' });

export const circuitSchema = z
  .object({
    /** `vapi`, or `vapi/<tenant>` for a credential's own circuit. */
    circuit: z.string(),
    upstream: z.string(),
    scope: z.enum(['upstream', 'credential']),
    tenant: z.string().nullable(),
    state: z.enum(['closed', 'open', 'half_open', 'isolated']),
    not_closed_seconds: z.number(),
    consecutive_failures: z.number().int(),
    retry_after_seconds: z.number().nullable(),
    isolation: z
      .object({ reason: z.string(), author: z.string(), expires_in_seconds: z.number().nullable() })
      .nullable(),
    last_failures: z.array(z.object({ seconds_ago: z.number(), reason: z.string() })),
  })
  .meta({ id: 'Circuit' });

export const circuitListSchema = z.object({ circuit_breakers: z.array(circuitSchema), next_cursor: z.null() });

export const isolateSchema = z.object({
  reason: z.string().trim().min(1).max(200),
  /** Minutes until the isolation ends by itself; absent: until somebody ends it. */
  minutes: z.number().int().min(1).max(10_080).optional(),
});

export const closeSchema = z.object({ reason: z.string().trim().min(1).max(200) });

/** Rehearsals in demo mode. */
export const rehearsalCallSchema = z.object({ to: z.string().max(20).optional(), from: z.string().max(20).optional() });
export const rehearsalOutageSchema = z.object({
  vendor: z.enum(['vapi', 'twilio']),
  seconds: z.number().int().min(1).max(600).default(60),
});
export const rehearsalStartedSchema = z.object({ started: z.literal(true) });

/** Live updates: `event` is the type, `data` this object. */
export const liveEventSchema = z
  .object({
    type: z.enum([
      'call',
      'setting',
      'assistant',
      'number',
      'circuit_breaker',
      'alert',
      'webhook',
      'release',
      'resync',
    ]),
    id: z.string().nullable(),
    at: timeSchema,
  })
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.output<typeof liveEventSchema>;
