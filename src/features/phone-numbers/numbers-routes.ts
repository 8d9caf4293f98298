/** The doors of the numbers themselves; who answers them is in routing-routes.ts. */
import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  importNumberSchema,
  numberListQuerySchema,
  numberListSchema,
  numberParamsSchema,
  type NumberReply,
  numberReplySchema,
} from './contract.ts';
import type { FoundNumber, Numbers } from './numbers.ts';

export type NumbersRoutesDeps = { numbers: Numbers };

export function numbersRoutes(app: App, deps: NumbersRoutesDeps): void {
  listNumbers(app, deps);
  getNumber(app, deps);
  importNumber(app, deps);
}

const tags = ['numbers'];
const limitGroup = 'twilio';
const answers = { 200: numberReplySchema, ...REFUSALS };

function listNumbers(app: App, { numbers }: NumbersRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Numbers of the Twilio account, and who answers them',
    querystring: numberListQuerySchema,
    response: { 200: numberListSchema, ...REFUSALS },
  };
  app.get('/twilio/numbers', { config: { access: 'viewer', limitGroup }, schema }, async (request) => {
    const { nextCursor, asOf, ...page } = await numbers.list(request.caller.tenantId, request.query);
    const isStub = page.numbers[0]?.stub === true;
    return {
      ...page,
      next_cursor: nextCursor,
      as_of: asOf?.toISOString() ?? null,
      ...(isStub && { stub: true as const }),
    };
  });
}

function getNumber(app: App, { numbers }: NumbersRoutesDeps): void {
  const schema = { tags, summary: 'One number', params: numberParamsSchema, response: answers };
  app.get('/twilio/numbers/:sid', { config: { access: 'viewer', limitGroup }, schema }, async (request) =>
    replyOf(await numbers.get(request.caller.tenantId, request.params.sid)),
  );
}

function importNumber(app: App, { numbers }: NumbersRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Bring the number to Vapi, with AVA behind it',
    params: numberParamsSchema,
    body: importNumberSchema,
    response: answers,
  };
  const config = { access: 'admin', limitGroup, idempotent: true } as const;
  app.post('/twilio/numbers/:sid/import', { config, schema }, async (request) => {
    const { assistant_id: assistantId, reason } = request.body ?? {};
    const order = { assistantId, reason, actor: actorOf(request) };
    return replyOf(await numbers.bringToVapi(request.caller.tenantId, request.params.sid, order));
  });
}

function replyOf({ number, stale, asOf }: FoundNumber): NumberReply {
  return { number, stale, as_of: asOf?.toISOString() ?? null, ...(number.stub && { stub: true as const }) };
}
