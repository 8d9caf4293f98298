/** Which tools of AVA's an assistant may call. */
import type { App } from '../../http/app-type.ts';
import { readIfMatch } from '../../http/etag.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { assistantToolChangeSchema, assistantToolListSchema, assistantToolParamsSchema } from './contract.ts';
import type { Equipment } from './equipment.ts';

export type AssistantToolRoutesDeps = { equipment: Equipment };

const tags = ['assistants'];
const response = { 200: assistantToolListSchema, ...REFUSALS };

export function assistantToolRoutes(app: App, deps: AssistantToolRoutesDeps): void {
  listTools(app, deps);
  putTools(app, deps);
}

function listTools(app: App, { equipment }: AssistantToolRoutesDeps): void {
  const config = { access: 'viewer', limitGroup: 'assistants' } as const;
  const summary = "AVA's tools, and which of them an assistant may call";
  const schema = { tags, summary, params: assistantToolParamsSchema, response };
  app.get('/assistants/:id/tools', { config, schema }, async (request, reply) => {
    const found = await equipment.list(request.caller.tenantId, request.params.id);
    reply.header('ETag', found.etag);
    return found;
  });
}

function putTools(app: App, { equipment }: AssistantToolRoutesDeps): void {
  const config = { access: 'editor', limitGroup: 'assistants' } as const;
  const summary = "Say which of AVA's tools an assistant may call; its other tools stay";
  const body = assistantToolChangeSchema;
  const schema = { tags, summary, params: assistantToolParamsSchema, body, response };
  app.put('/assistants/:id/tools', { config, schema }, async (request, reply) => {
    const { tenantId, email } = request.caller;
    const ifMatch = readIfMatch(request.headers['if-match']);
    const order = { tenantId, author: email, ifMatch, reason: request.body.reason };
    const found = await equipment.put(request.params.id, request.body.tools, order);
    reply.header('ETag', found.etag);
    return found;
  });
}
