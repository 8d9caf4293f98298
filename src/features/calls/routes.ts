import { Readable } from 'node:stream';
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { Calls } from './calls.ts';
import {
  callExportQuerySchema,
  callListQuerySchema,
  callListSchema,
  callParamsSchema,
  callReplySchema,
  callStatsQuerySchema,
  callStatsSchema,
  callTimelineSchema,
  completenessSchema,
} from './contract.ts';
import type { CallExport, ExportFilter } from './export.ts';
import type { Reads } from './reads.ts';

type CallRoutesDeps = { calls: Calls; reads: Reads; exportCalls: CallExport };

const tags = ['calls'];
const viewer = { access: 'viewer', limitGroup: 'calls' } as const;
/** Asked beside lists and calls, by pages that keep themselves up to date: they must not use up each other's requests. */
const figures = { access: 'viewer', limitGroup: 'call-figures' } as const;
const story = { access: 'viewer', limitGroup: 'call-timelines' } as const;

/** What happened on the phone. */
export function callRoutes(app: App, deps: CallRoutesDeps): void {
  list(app, deps);
  exportAll(app, deps);
  stats(app, deps);
  completeness(app, deps);
  one(app, deps);
  read(app, deps);
  timeline(app, deps);
  remove(app, deps);
}

function list(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary:
      'List calls, newest first; filter them, or search in what was said. A page may hold fewer than asked for, even none: there is more while `next_cursor` is not null',
    querystring: callListQuerySchema,
    response: { 200: callListSchema, ...REFUSALS },
  };
  app.get('/calls', { config: viewer, schema }, async (request) => {
    const { cursor, limit, unread } = request.query;
    const { tenantId, userId } = request.caller;
    const unreadBy = unread === 'true' ? userId : undefined;
    const asked = { ...filterOf(request.query), unreadBy, reader: userId, cursor, limit };
    const found = await calls.list(tenantId, asked);
    return { calls: found.calls, next_cursor: found.nextCursor };
  });
}

type AskedFilter = Omit<z.output<typeof callExportQuerySchema>, 'format'>;

function filterOf({ q, status, direction, outcome, ...asked }: AskedFilter): ExportFilter {
  return {
    ...{ q, status, direction, outcome },
    assistantId: asked.assistant_id,
    phoneNumber: asked.phone_number,
    fromTime: asked.from_time === undefined ? undefined : new Date(asked.from_time),
    toTime: asked.to_time === undefined ? undefined : new Date(asked.to_time),
  };
}

const FORMATS = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' } as const;

function exportAll(app: App, { exportCalls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'All calls that the filters let through, newest first, as a CSV file or as one JSON object a line',
    querystring: callExportQuerySchema,
    response: { 200: z.instanceof(Readable).meta({ type: 'string' }), ...REFUSALS },
  };
  const config = { ...viewer, access: 'admin' } as const;
  // Without HEAD, which would read everything to send nothing.
  app.get('/calls/export', { config, schema, exposeHeadRoute: false }, async (request, reply) => {
    const { format } = request.query;
    const pieces = await exportCalls(actorOf(request), { ...filterOf(request.query), format });
    return reply
      .type(FORMATS[format])
      .header('Cache-Control', 'private, no-store')
      .header('Content-Disposition', `attachment; filename="calls.${format}"`)
      .send(Readable.from(pieces, { highWaterMark: 1 }));
  });
}

function stats(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Sums of calls by day (UTC)',
    querystring: callStatsQuerySchema,
    response: { 200: callStatsSchema, ...REFUSALS },
  };
  app.get('/calls/stats', { config: figures, schema }, async (request) => {
    const days = await calls.stats(request.caller.tenantId, request.query.days);
    return {
      days: days.map((day) => ({
        date: day.date,
        calls: day.calls,
        inbound: day.inbound,
        outbound: day.calls - day.inbound,
        by_ai: day.by_ai,
        by_person: day.by_person,
        voicemail: day.voicemail,
        sentence: day.sentence,
        nobody: day.nobody,
        failed: day.failed,
        seconds: Number(day.seconds),
        cost_usd: day.cost_usd,
      })),
    };
  });
}

function completeness(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: "How the vendors' own lists of calls compare with AVA's, by day",
    querystring: callStatsQuerySchema,
    response: { 200: completenessSchema, ...REFUSALS },
  };
  app.get('/calls/completeness', { config: figures, schema }, async (request) => {
    const days = await calls.completeness(request.caller.tenantId, request.query.days);
    return {
      days: days.map((day) => ({
        date: day.date,
        vendor: day.vendor as 'vapi' | 'twilio',
        vendor_calls: day.vendor_calls,
        ledger_calls: day.ledger_calls,
        recovered: day.recovered,
        missing: day.missing,
        checked_at: day.checked_at.toISOString(),
      })),
    };
  });
}

function one(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'One call with what was said',
    params: callParamsSchema,
    response: { 200: callReplySchema, ...REFUSALS },
  };
  app.get('/calls/:id', { config: viewer, schema }, async (request) => ({
    call: await calls.get(request.caller.tenantId, request.params.id),
  }));
}

function read(app: App, { reads }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Say that you have read a call; others of the tenant have their own',
    params: callParamsSchema,
    response: { 204: z.null(), ...REFUSALS },
  };
  // Reading a call must not use up the requests that show it.
  const config = { access: 'viewer', limitGroup: 'call-reads' } as const;
  app.put('/calls/:id/read', { config, schema }, async (request, reply) => {
    const { tenantId, userId } = request.caller;
    await reads.mark({ tenantId, userId }, request.params.id);
    return reply.code(204).send(null);
  });
}

function timeline(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Everything that happened in one call, in order; of what vendors told the first 2,000 entries',
    params: callParamsSchema,
    response: { 200: callTimelineSchema, ...REFUSALS },
  };
  app.get('/calls/:id/timeline', { config: story, schema }, async (request) => ({
    timeline: await calls.timeline(request.caller.tenantId, request.params.id),
  }));
}

function remove(app: App, { calls }: CallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Delete what AVA knows of a call',
    params: callParamsSchema,
    response: { 204: z.null(), ...REFUSALS },
  };
  app.delete('/calls/:id', { config: { ...viewer, access: 'admin' }, schema }, async (request, reply) => {
    await calls.remove(request.caller.tenantId, request.params.id);
    return reply.code(204).send(null);
  });
}
