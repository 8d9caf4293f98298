/** The doors of the assistants. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../http/app-type.ts';
import { readIfMatch } from '../../http/etag.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { fail } from '../../errors.ts';
import type { Assistants, KnownAssistant, Request } from './assistants.ts';
import {
  assistantChangeSchema,
  assistantListQuerySchema,
  assistantListSchema,
  assistantParamsSchema,
  assistantRemovalSchema,
  type AssistantReply,
  assistantReplySchema,
  duplicateAssistantSchema,
  newAssistantSchema,
} from './contract.ts';

export type AssistantRoutesDeps = { assistants: Assistants };

export function assistantRoutes(app: App, deps: AssistantRoutesDeps): void {
  listAssistants(app, deps);
  createAssistant(app, deps);
  getAssistant(app, deps);
  changeAssistant(app, deps, 'PUT');
  changeAssistant(app, deps, 'PATCH');
  deleteAssistant(app, deps);
  duplicateAssistant(app, deps);
  restoreAssistant(app, deps);
}

const tags = ['assistants'];
const reading = { access: 'viewer', limitGroup: 'assistants' } as const;
const changing = { access: 'editor', limitGroup: 'assistants' } as const;
const acting = { ...changing, idempotent: true };
const answers = { 200: assistantReplySchema, ...REFUSALS };

function listAssistants(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Assistants, newest first',
    querystring: assistantListQuerySchema,
    response: { 200: assistantListSchema, ...REFUSALS },
  };
  app.get('/assistants', { config: reading, schema }, async (request) => {
    const { cursor, limit, deleted } = request.query;
    const { stale, asOf, ...found } = await assistants.list(request.caller.tenantId);
    const wanted = found.assistants.filter((known) => deleted === 'true' || known.deletedAt === null);
    const from = cursor === undefined ? 0 : wanted.findIndex((known) => known.assistantId === cursor) + 1;
    const page = wanted.slice(from, from + limit);
    return {
      assistants: page.map(assistants.wire),
      next_cursor: from + limit < wanted.length ? (page.at(-1)?.assistantId ?? null) : null,
      stale,
      as_of: asOf?.toISOString() ?? null,
      ...markOf(assistants),
    };
  });
}

function createAssistant(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Make an assistant',
    body: newAssistantSchema,
    response: { 201: assistantReplySchema, ...REFUSALS },
  };
  app.post('/assistants', { config: acting, schema }, async (request, reply) => {
    const known = await assistants.create(request.body, { ...requestOf(request), reason: request.body.reason });
    return answer(assistants, reply.code(201), known);
  });
}

function getAssistant(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = { tags, summary: 'One assistant', params: assistantParamsSchema, response: answers };
  app.get('/assistants/:id', { config: reading, schema }, async (request, reply) => {
    const view = await assistants.view(request.caller.tenantId, request.params.id);
    if (view.kind === 'none') throw fail('not_found', 'There is no such assistant.');
    return { ...answer(assistants, reply, view.known), stale: view.stale, as_of: view.asOf.toISOString() };
  });
}

function changeAssistant(app: App, { assistants }: AssistantRoutesDeps, method: 'PUT' | 'PATCH'): void {
  const schema = {
    tags,
    summary: 'Change the members that are named; the others stay',
    params: assistantParamsSchema,
    body: assistantChangeSchema,
    response: answers,
  };
  app.route({
    method,
    url: '/assistants/:id',
    config: changing,
    schema,
    handler: async (request, reply) =>
      answer(assistants, reply, await assistants.change(request.params.id, request.body, requestOf(request))),
  });
}

function deleteAssistant(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Delete an assistant; it can be restored',
    params: assistantParamsSchema,
    response: { 200: assistantRemovalSchema, ...REFUSALS },
  };
  app.delete('/assistants/:id', { config: changing, schema }, async (request) => {
    const deletedAt = await assistants.remove(request.params.id, requestOf(request));
    return { assistant_id: request.params.id, deleted_at: deletedAt.toISOString(), ...markOf(assistants) };
  });
}

function duplicateAssistant(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Make another assistant like this one',
    params: assistantParamsSchema,
    body: duplicateAssistantSchema,
    response: { 201: assistantReplySchema, ...REFUSALS },
  };
  app.post('/assistants/:id/duplicate', { config: acting, schema }, async (request, reply) => {
    const known = await assistants.duplicate(request.params.id, request.body?.name, requestOf(request));
    return answer(assistants, reply.code(201), known);
  });
}

function restoreAssistant(app: App, { assistants }: AssistantRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Make a deleted assistant again; Vapi gives it a new id',
    params: assistantParamsSchema,
    response: { 201: assistantReplySchema, ...REFUSALS },
  };
  app.post('/assistants/:id/restore', { config: acting, schema }, async (request, reply) =>
    answer(assistants, reply.code(201), await assistants.restore(request.params.id, requestOf(request))),
  );
}

function requestOf(request: FastifyRequest): Request {
  const { tenantId, email } = request.caller;
  return { tenantId, author: email, ifMatch: readIfMatch(request.headers['if-match']) };
}

function answer(assistants: Assistants, reply: FastifyReply, known: KnownAssistant): AssistantReply {
  const assistant = assistants.wire(known);
  reply.header('ETag', assistant.etag);
  return { assistant, stale: false, as_of: known.snapshotAt.toISOString(), ...markOf(assistants) };
}

function markOf({ isStub }: Assistants): { stub?: true } {
  return isStub ? { stub: true } : {};
}
