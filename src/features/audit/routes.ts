import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { fail } from '../../errors.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { Audit } from './audit.ts';
import { auditListSchema, auditQuerySchema, auditVerificationSchema } from './contract.ts';

export function auditRoutes(app: App, deps: { audit: Audit }): void {
  listEntries(app, deps);
  verifyTrail(app, deps);
}

function listEntries(app: App, { audit }: { audit: Audit }): void {
  app.route({
    method: 'GET',
    url: '/ops/audit',
    config: { access: 'admin', limitGroup: 'audit' },
    schema: {
      tags: ['ops'],
      summary: 'Who changed what in this tenant, newest first',
      querystring: auditQuerySchema,
      response: { 200: auditListSchema, ...REFUSALS },
    },
    handler: async (request) => {
      const { cursor, limit, action, actor } = request.query;
      const page = await audit.list(request.caller.tenantId, { before: positionOf(cursor), limit, action, actor });
      return { entries: page.entries, next_cursor: page.nextCursor };
    },
  });
}

function verifyTrail(app: App, { audit }: { audit: Audit }): void {
  app.route({
    method: 'GET',
    url: '/ops/audit/verification',
    // It reads the whole trail: seconds of work where that is long.
    config: { access: 'admin', limitGroup: 'audit-verification', limitPerMinute: 2 },
    schema: {
      tags: ['ops'],
      summary: 'Whether the trail of this tenant is whole',
      querystring: z.object({}),
      response: { 200: auditVerificationSchema, ...REFUSALS },
    },
    handler: async (request) => audit.verifyChain(request.caller.tenantId),
  });
}

function positionOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (!/^\d{1,15}$/.test(cursor)) throw fail('bad_request', 'The cursor is not one that this list gave.');
  return Number(cursor);
}
