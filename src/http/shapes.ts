/** Shapes that many contracts share: problem documents, lists, times. Imports nothing of ours, so that clients may use it. */
import { z } from 'zod';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    correlation_id: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .loose()
  .meta({ id: 'Problem' });

/** RFC 3339 in UTC. */
export const timeSchema = z.iso.datetime({ offset: true });

export const listQuerySchema = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Every private route may answer these. */
export const REFUSALS = {
  400: problemSchema,
  401: problemSchema,
  403: problemSchema,
  404: problemSchema,
  409: problemSchema,
  412: problemSchema,
  413: problemSchema,
  415: problemSchema,
  422: problemSchema,
  429: problemSchema,
  500: problemSchema,
  502: problemSchema,
  503: problemSchema,
  504: problemSchema,
} as const;

/** Every webhook door may answer these to a sender that has not proved who it is, or when it could not keep the message. */
export const WEBHOOK_REFUSALS = {
  400: problemSchema,
  403: problemSchema,
  413: problemSchema,
  500: problemSchema,
  503: problemSchema,
} as const;
