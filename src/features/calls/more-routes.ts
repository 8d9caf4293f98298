import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  callLimitsSchema,
  callParamsSchema,
  callReplySchema,
  callTextsSchema,
  type CallDetail,
  placeCallSchema,
  retentionSchema,
} from './contract.ts';
import type { PlaceOrder } from './place.ts';
import type { CallRules } from './rules.ts';

export type MoreCallRoutesDeps = {
  placing: { place(order: PlaceOrder): Promise<CallDetail> };
  rules: CallRules;
  recordingOf(tenantId: string, callId: string): Promise<{ type: string; bytes: Buffer }>;
};

const tags = ['calls'];
const limitGroup = 'calls';

/** Calls that AVA places, recordings, and the rules for both. */
export function moreCallRoutes(app: App, deps: MoreCallRoutesDeps): void {
  place(app, deps);
  recording(app, deps);
  limits(app, deps);
  retention(app, deps);
  texts(app, deps);
}

function place(app: App, { placing }: MoreCallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Place a call; its status is `placing` while nobody knows whether Vapi took the order',
    body: placeCallSchema,
    response: { 201: callReplySchema, ...REFUSALS },
  };
  app.post(
    '/calls',
    { config: { access: 'editor', limitGroup, idempotent: 'resumable' }, schema },
    async (request, reply) => {
      const { tenantId, userId } = request.caller;
      const call = await placing.place({
        tenantId,
        userId,
        input: request.body,
        idempotencyKey: request.idempotencyKey,
      });
      return reply.code(201).send({ call });
    },
  );
}

function recording(app: App, deps: MoreCallRoutesDeps): void {
  const schema = {
    tags,
    summary: 'The recording of a call, as sound',
    params: callParamsSchema,
    response: { 200: z.instanceof(Buffer).meta({ type: 'string', format: 'binary' }), ...REFUSALS },
  };
  app.get('/calls/:id/recording', { config: { access: 'viewer', limitGroup }, schema }, async (request, reply) => {
    const { type, bytes } = await deps.recordingOf(request.caller.tenantId, request.params.id);
    return reply
      .type(/^audio\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream')
      .header('Cache-Control', 'private, no-store')
      .header('Content-Disposition', 'inline')
      .send(bytes);
  });
}

function limits(app: App, { rules }: MoreCallRoutesDeps): void {
  const response = { 200: callLimitsSchema, ...REFUSALS };
  const read = { tags, summary: 'Where calls may go, and how many in a day', response };
  app.get('/calls/limits', { config: { access: 'viewer', limitGroup }, schema: read }, (request) =>
    rules.getLimits(request.caller.tenantId),
  );
  const write = { tags, summary: 'Change where calls may go, and how many in a day', body: callLimitsSchema, response };
  app.put('/calls/limits', { config: { access: 'admin', limitGroup }, schema: write }, (request) =>
    rules.putLimits(actorOf(request), request.body),
  );
}

function retention(app: App, { rules }: MoreCallRoutesDeps): void {
  const response = { 200: retentionSchema, ...REFUSALS };
  const read = { tags, summary: 'How long calls are kept', response };
  app.get('/calls/retention', { config: { access: 'viewer', limitGroup }, schema: read }, (request) =>
    rules.getRetention(request.caller.tenantId),
  );
  const write = { tags, summary: 'Change how long calls are kept', body: retentionSchema, response };
  app.put('/calls/retention', { config: { access: 'admin', limitGroup }, schema: write }, (request) =>
    rules.putRetention(actorOf(request), request.body),
  );
}

function texts(app: App, { rules }: MoreCallRoutesDeps): void {
  const response = { 200: callTextsSchema, ...REFUSALS };
  const read = { tags, summary: 'Who gets a text message after a call', response };
  app.get('/calls/texts', { config: { access: 'viewer', limitGroup }, schema: read }, (request) =>
    rules.getTexts(request.caller.tenantId),
  );
  const write = { tags, summary: 'Change who gets a text message after a call', body: callTextsSchema, response };
  app.put('/calls/texts', { config: { access: 'admin', limitGroup }, schema: write }, (request) =>
    rules.putTexts(actorOf(request), request.body),
  );
}
