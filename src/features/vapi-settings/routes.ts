/** The doors of the settings. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../http/app-type.ts';
import { readIfMatch } from '../../http/etag.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  assistantQuerySchema,
  driftActionSchema,
  driftOutcomeSchema,
  historyQuerySchema,
  settingChangeSchema,
  settingHistorySchema,
  settingParamsSchema,
  settingRemovalSchema,
  settingReplySchema,
  settingRestoreSchema,
  settingsDiffQuerySchema,
  settingsDiffSchema,
  settingsDriftSchema,
  settingsListSchema,
} from './contract.ts';
import type { Drift } from './drift.ts';
import type { History } from './history.ts';
import type { Settings } from './settings.ts';

export type SettingsRoutesDeps = { settings: Settings; settingHistory: History; settingDrift: Drift };

export function vapiSettingsRoutes(app: App, deps: SettingsRoutesDeps): void {
  listSettings(app, deps);
  settingsHistory(app, deps);
  settingsDiff(app, deps);
  showDrift(app, deps);
  resolveDrift(app, deps);
  getSetting(app, deps);
  putSetting(app, deps);
  deleteSetting(app, deps);
  historyOfSetting(app, deps);
  restoreSetting(app, deps);
}

const tags = ['vapi settings'];
const reading = { access: 'viewer', limitGroup: 'vapi-settings' } as const;
const changing = { access: 'editor', limitGroup: 'vapi-settings' } as const;

function listSettings(app: App, { settings }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Settings of an assistant',
    querystring: assistantQuerySchema,
    response: { 200: settingsListSchema, ...REFUSALS },
  };
  app.get('/vapi/settings', { config: reading, schema }, (request) =>
    settings.list(request.caller.tenantId, request.query.assistant_id),
  );
}

function settingsHistory(app: App, { settingHistory }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Every change of an assistant, newest first',
    querystring: historyQuerySchema,
    response: { 200: settingHistorySchema, ...REFUSALS },
  };
  app.get('/vapi/settings/history', { config: reading, schema }, (request) =>
    settingHistory.list(request.caller.tenantId, request.query),
  );
}

function settingsDiff(app: App, { settingHistory }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'What differs between two versions',
    querystring: settingsDiffQuerySchema,
    response: { 200: settingsDiffSchema, ...REFUSALS },
  };
  app.get('/vapi/settings/diff', { config: reading, schema }, (request) =>
    settingHistory.diff(request.caller.tenantId, request.query.from, request.query.to),
  );
}

function showDrift(app: App, { settingDrift }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Settings that were changed at Vapi',
    querystring: assistantQuerySchema,
    response: { 200: settingsDriftSchema, ...REFUSALS },
  };
  app.get('/vapi/settings/drift', { config: reading, schema }, (request) =>
    settingDrift.show(request.caller.tenantId, request.query.assistant_id),
  );
}

function resolveDrift(app: App, { settingDrift }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Adopt what was changed at Vapi, or revert it',
    querystring: assistantQuerySchema,
    body: driftActionSchema,
    response: { 200: driftOutcomeSchema, ...REFUSALS },
  };
  app.post('/vapi/settings/drift', { config: { ...changing, idempotent: true }, schema }, (request) =>
    settingDrift.resolve({ ...whoAsks(request), assistantId: request.query.assistant_id, ...request.body }),
  );
}

function getSetting(app: App, { settings }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'One setting',
    params: settingParamsSchema,
    querystring: assistantQuerySchema,
    response: { 200: settingReplySchema, ...REFUSALS },
  };
  app.get('/vapi/settings/:key', { config: reading, schema }, async (request, reply) => {
    const found = await settings.get(request.caller.tenantId, request.params.key, request.query.assistant_id);
    return tagged(reply, found);
  });
}

function putSetting(app: App, { settings }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Change a setting',
    params: settingParamsSchema,
    querystring: assistantQuerySchema,
    body: settingChangeSchema,
    response: { 200: settingReplySchema, ...REFUSALS },
  };
  app.put('/vapi/settings/:key', { config: changing, schema }, async (request, reply) => {
    const { value, reason } = request.body;
    const order = { ...orderOf(request, request.params.key, request.query.assistant_id), reason };
    return tagged(reply, await settings.put(order, value));
  });
}

function deleteSetting(app: App, { settings }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Put a standard setting back to its default, or remove a custom one',
    params: settingParamsSchema,
    querystring: assistantQuerySchema,
    response: { 200: settingRemovalSchema, ...REFUSALS },
  };
  app.delete('/vapi/settings/:key', { config: changing, schema }, async (request, reply) =>
    tagged(reply, await settings.remove(orderOf(request, request.params.key, request.query.assistant_id))),
  );
}

function historyOfSetting(app: App, { settingHistory }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Every change of one setting, newest first',
    params: settingParamsSchema,
    querystring: historyQuerySchema,
    response: { 200: settingHistorySchema, ...REFUSALS },
  };
  app.get('/vapi/settings/:key/history', { config: reading, schema }, (request) =>
    settingHistory.list(request.caller.tenantId, { ...request.query, key: request.params.key }),
  );
}

function restoreSetting(app: App, { settings }: SettingsRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Bring back the value of an earlier version',
    params: settingParamsSchema,
    querystring: assistantQuerySchema,
    body: settingRestoreSchema,
    response: { 200: settingRemovalSchema, ...REFUSALS },
  };
  app.post(
    '/vapi/settings/:key/restore',
    { config: { ...changing, idempotent: true }, schema },
    async (request, reply) => {
      const { version, reason } = request.body;
      const order = { ...orderOf(request, request.params.key, request.query.assistant_id), reason };
      return tagged(reply, await settings.restore(order, version));
    },
  );
}

function whoAsks(request: FastifyRequest): { tenantId: string; author: string } {
  return { tenantId: request.caller.tenantId, author: request.caller.email };
}

function orderOf(request: FastifyRequest, key: string, assistantId: string | undefined) {
  return { ...whoAsks(request), key, assistantId, ifMatch: readIfMatch(request.headers['if-match']) };
}

function tagged<T extends { setting: { etag: string } | null }>(reply: FastifyReply, answer: T): T {
  if (answer.setting !== null) reply.header('ETag', answer.setting.etag);
  return answer;
}
