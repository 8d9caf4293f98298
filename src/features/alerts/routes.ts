import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { AlertDesk } from './alert-desk.ts';
import {
  alertChannelListSchema,
  alertListQuerySchema,
  alertListSchema,
  alertParamsSchema,
  alertReplySchema,
  alertRuleListSchema,
  alertTestBodySchema,
  alertTestSchema,
  silenceBodySchema,
  silenceListSchema,
  silenceReplySchema,
  trafficSchema,
} from './contract.ts';

export type AlertRouteDeps = { alertDesk: AlertDesk };

const TAGS = ['ops'];
const CONFIG = { access: 'operator', limitGroup: 'alerts' } as const;

export function alertRoutes(app: App, deps: AlertRouteDeps): void {
  listAlerts(app, deps);
  acknowledge(app, deps);
  listRules(app, deps);
  listChannels(app, deps);
  test(app, deps);
  listSilences(app, deps);
  silence(app, deps);
  unsilence(app, deps);
  traffic(app, deps);
}

function listAlerts(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Alerts that fire, and those that are over; newest first',
    querystring: alertListQuerySchema,
    response: { ...REFUSALS, 200: alertListSchema },
  };
  app.get('/ops/alerts', { schema, config: CONFIG }, async (request) => alertDesk.list(request.query));
}

function acknowledge(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Say that somebody takes care of it',
    params: alertParamsSchema,
    response: { ...REFUSALS, 200: alertReplySchema },
  };
  app.post('/ops/alerts/:id/acknowledge', { schema, config: CONFIG }, async (request) => ({
    alert: await alertDesk.acknowledge(request.params.id, actorOf(request)),
  }));
}

function listRules(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'The rules: what is watched, what it means, what to do',
    response: { ...REFUSALS, 200: alertRuleListSchema },
  };
  app.get('/ops/alerts/rules', { schema, config: CONFIG }, async () => ({
    rules: alertDesk.rules(),
    next_cursor: null,
  }));
}

function listChannels(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Where alerts go, and whether that works',
    response: { ...REFUSALS, 200: alertChannelListSchema },
  };
  app.get('/ops/alerts/channels', { schema, config: CONFIG }, async () => ({
    channels: await alertDesk.channels(),
    next_cursor: null,
  }));
}

function test(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Send a test to one channel or to all',
    body: alertTestBodySchema,
    response: { ...REFUSALS, 200: alertTestSchema },
  };
  const config = { ...CONFIG, idempotent: true } as const;
  app.post('/ops/alerts/test', { schema, config }, async (request) =>
    alertDesk.test(request.body?.channel, actorOf(request)),
  );
}

function listSilences(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Silences that hold now',
    response: { ...REFUSALS, 200: silenceListSchema },
  };
  app.get('/ops/alerts/silences', { schema, config: CONFIG }, async () => ({
    silences: await alertDesk.silences(),
    next_cursor: null,
  }));
}

function silence(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Tell nobody of a rule, or of it on one resource, for a while',
    body: silenceBodySchema,
    response: { ...REFUSALS, 200: silenceReplySchema },
  };
  app.post('/ops/alerts/silences', { schema, config: CONFIG }, async (request) => ({
    silence: await alertDesk.silence(request.body, actorOf(request)),
  }));
}

function unsilence(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'End a silence now',
    params: alertParamsSchema,
    response: { ...REFUSALS, 200: silenceListSchema },
  };
  app.delete('/ops/alerts/silences/:id', { schema, config: CONFIG }, async (request) => {
    await alertDesk.unsilence(request.params.id, actorOf(request));
    return { silences: await alertDesk.silences(), next_cursor: null };
  });
}

function traffic(app: App, { alertDesk }: AlertRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Requests, refusals by the limit, and how vendors answered, minute by minute for an hour',
    response: { ...REFUSALS, 200: trafficSchema },
  };
  app.get('/ops/traffic', { schema, config: CONFIG }, async () => ({ minutes: await alertDesk.traffic() }));
}
