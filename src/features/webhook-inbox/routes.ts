import type { App } from '../../http/app-type.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  webhookDetailSchema,
  webhookEventListSchema,
  webhookListQuerySchema,
  webhookParamsSchema,
  webhookReplySchema,
} from './contract.ts';
import type { WebhookInbox } from './webhook-inbox.ts';

const config = { access: 'operator', limitGroup: 'ops' } as const;
const tags = ['operations'];

/** The ledger of vendors' messages, for operators. */
export function webhookInboxRoutes(app: App, { inbox }: { inbox: WebhookInbox }): void {
  list(app, inbox);
  one(app, inbox);
  replay(app, inbox);
}

function list(app: App, inbox: WebhookInbox): void {
  const schema = {
    tags,
    summary: 'List webhook events of all tenants, and those in quarantine',
    querystring: webhookListQuerySchema,
    response: { 200: webhookEventListSchema, ...REFUSALS },
  };
  app.get('/ops/webhooks', { config, schema }, async (request) => {
    const { webhooks, nextCursor } = await inbox.list(request.query);
    return { webhooks, next_cursor: nextCursor };
  });
}

function one(app: App, inbox: WebhookInbox): void {
  const schema = {
    tags,
    summary: 'One webhook event with the fields that were kept of it',
    params: webhookParamsSchema,
    response: { 200: webhookDetailSchema, ...REFUSALS },
  };
  app.get('/ops/webhooks/:id', { config, schema }, async (request) => ({
    webhook: await inbox.get(request.params.id),
  }));
}

function replay(app: App, inbox: WebhookInbox): void {
  const schema = {
    tags,
    summary: 'Process a webhook event again',
    params: webhookParamsSchema,
    response: { 200: webhookReplySchema, ...REFUSALS },
  };
  app.post('/ops/webhooks/:id/replay', { config, schema }, async (request) => ({
    webhook: await inbox.replay(request.params.id),
  }));
}
