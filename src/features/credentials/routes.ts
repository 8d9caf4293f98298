import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  environmentBodySchema,
  environmentSchema,
  tenantParamsSchema,
  twilioCredentialBodySchema,
  twilioCredentialSchema,
  type TwilioCredentialWire,
  vapiCredentialBodySchema,
  vapiCredentialSchema,
  type VapiCredentialWire,
} from './contract.ts';
import type { Credentials, CredentialStatus } from './credentials.ts';

export function credentialRoutes(app: App, deps: { credentials: Credentials }): void {
  showVapi(app, deps);
  putVapi(app, deps);
  removeVapi(app, deps);
  showTwilio(app, deps);
  putTwilio(app, deps);
  removeTwilio(app, deps);
  grantEnvironment(app, deps);
}

type Deps = { credentials: Credentials };

const LOOK = { access: 'viewer', limitGroup: 'credentials' } as const;
const CHANGE = { access: 'admin', limitGroup: 'credentials' } as const;
const vapiAnswers = { 200: vapiCredentialSchema, ...REFUSALS };
const twilioAnswers = { 200: twilioCredentialSchema, ...REFUSALS };

function showVapi(app: App, { credentials }: Deps): void {
  app.route({
    method: 'GET',
    url: '/vapi/credentials',
    config: LOOK,
    schema: { tags: ['vapi'], summary: 'Whether a Vapi key is configured; never the key', response: vapiAnswers },
    handler: async (request, reply) => {
      const status = await credentials.status(request.caller.tenantId, 'vapi');
      return reply.header('ETag', status.etag).send(vapiWire(status));
    },
  });
}

function putVapi(app: App, { credentials }: Deps): void {
  app.route({
    method: 'PUT',
    url: '/vapi/credentials',
    config: CHANGE,
    schema: {
      tags: ['vapi'],
      summary: "Set this tenant's Vapi key",
      body: vapiCredentialBodySchema,
      response: vapiAnswers,
    },
    handler: async (request, reply) => {
      const secret = { vendor: 'vapi', apiKey: request.body.api_key } as const;
      const change = { actor: actorOf(request), ifMatch: request.headers['if-match'] };
      const status = await credentials.put(secret, change);
      return reply.header('ETag', status.etag).send(vapiWire(status));
    },
  });
}

function removeVapi(app: App, { credentials }: Deps): void {
  app.route({
    method: 'DELETE',
    url: '/vapi/credentials',
    config: CHANGE,
    schema: { tags: ['vapi'], summary: "Remove this tenant's Vapi key", response: vapiAnswers },
    handler: async (request, reply) => {
      const change = { actor: actorOf(request), ifMatch: request.headers['if-match'] };
      const status = await credentials.remove('vapi', change);
      return reply.header('ETag', status.etag).send(vapiWire(status));
    },
  });
}

function showTwilio(app: App, { credentials }: Deps): void {
  app.route({
    method: 'GET',
    url: '/twilio/credentials',
    config: LOOK,
    schema: { tags: ['twilio'], summary: 'Whether Twilio is configured; never the token', response: twilioAnswers },
    handler: async (request, reply) => {
      const status = await credentials.status(request.caller.tenantId, 'twilio');
      return reply.header('ETag', status.etag).send(twilioWire(status));
    },
  });
}

function putTwilio(app: App, { credentials }: Deps): void {
  app.route({
    method: 'PUT',
    url: '/twilio/credentials',
    config: CHANGE,
    schema: {
      tags: ['twilio'],
      summary: "Set this tenant's Twilio account and token",
      body: twilioCredentialBodySchema,
      response: twilioAnswers,
    },
    handler: async (request, reply) => {
      const { account_sid: accountSid, auth_token: authToken } = request.body;
      const change = { actor: actorOf(request), ifMatch: request.headers['if-match'] };
      const status = await credentials.put({ vendor: 'twilio', accountSid, authToken }, change);
      return reply.header('ETag', status.etag).send(twilioWire(status));
    },
  });
}

function removeTwilio(app: App, { credentials }: Deps): void {
  app.route({
    method: 'DELETE',
    url: '/twilio/credentials',
    config: CHANGE,
    schema: { tags: ['twilio'], summary: "Remove this tenant's Twilio account", response: twilioAnswers },
    handler: async (request, reply) => {
      const change = { actor: actorOf(request), ifMatch: request.headers['if-match'] };
      const status = await credentials.remove('twilio', change);
      return reply.header('ETag', status.etag).send(twilioWire(status));
    },
  });
}

function grantEnvironment(app: App, { credentials }: Deps): void {
  app.route({
    method: 'PUT',
    url: '/ops/tenants/:id/environment',
    config: { access: 'operator', limitGroup: 'ops' },
    schema: {
      tags: ['ops'],
      summary: "Let a tenant use the environment's vendor credentials, or no more",
      params: tenantParamsSchema,
      body: environmentBodySchema,
      response: { 200: environmentSchema, ...REFUSALS },
    },
    handler: async (request) => {
      const { id } = request.params;
      await credentials.grantEnvironment(id, request.body.granted, actorOf(request));
      return { tenant_id: id, granted: request.body.granted };
    },
  });
}

function vapiWire({ configured, source, last4, updatedAt }: CredentialStatus): VapiCredentialWire {
  return { configured, source, last4, updated_at: updatedAt?.toISOString() ?? null };
}

function twilioWire(status: CredentialStatus): TwilioCredentialWire {
  return { ...vapiWire(status), account_sid: status.account };
}
