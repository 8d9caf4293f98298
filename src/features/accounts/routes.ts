import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { listQuerySchema, REFUSALS } from '../../http/shapes.ts';
import type { Accounts } from './accounts.ts';
import {
  addMemberBodySchema,
  changeMemberBodySchema,
  changePasswordBodySchema,
  memberAnswerSchema,
  memberListSchema,
  memberParamsSchema,
  meSchema,
  passwordChangedSchema,
  sessionSchema,
  switchTenantBodySchema,
} from './contract.ts';
import { sessionWire } from './session-wire.ts';

/** Doors for people who are signed in. */
export function accountRoutes(app: App, deps: { accounts: Accounts }): void {
  showMe(app, deps);
  switchTenant(app, deps);
  changePassword(app, deps);
  listMembers(app, deps);
  addMember(app, deps);
  changeMember(app, deps);
  removeMember(app, deps);
}

type Deps = { accounts: Accounts };

function showMe(app: App, { accounts }: Deps): void {
  app.route({
    method: 'GET',
    url: '/auth/me',
    config: { access: 'viewer', limitGroup: 'auth' },
    schema: { tags: ['auth'], summary: 'Who is signed in, and where', response: { 200: meSchema, ...REFUSALS } },
    handler: async (request) => accounts.sessions.describe(request.caller),
  });
}

function switchTenant(app: App, { accounts }: Deps): void {
  app.route({
    method: 'POST',
    url: '/auth/switch-tenant',
    config: { access: 'viewer', limitGroup: 'auth' },
    schema: {
      tags: ['auth'],
      summary: 'Go on in another tenant, with a new access token',
      body: switchTenantBodySchema,
      response: { 200: sessionSchema, ...REFUSALS },
    },
    handler: async (request) =>
      sessionWire(await accounts.sessions.switchTenant(request.caller, request.body.tenant_id)),
  });
}

function changePassword(app: App, { accounts }: Deps): void {
  app.route({
    method: 'POST',
    url: '/auth/password',
    config: { access: 'viewer', limitGroup: 'auth' },
    schema: {
      tags: ['auth'],
      summary: 'Change the own password; other sessions of this person end',
      body: changePasswordBodySchema,
      response: { 200: passwordChangedSchema, ...REFUSALS },
    },
    handler: async (request) => {
      const { current_password: current, new_password: next } = request.body;
      const change = { current, next, address: request.ip };
      return { sessions_ended: await accounts.sessions.changePassword(request.caller, change) };
    },
  });
}

function listMembers(app: App, { accounts }: Deps): void {
  app.route({
    method: 'GET',
    url: '/members',
    config: { access: 'viewer', limitGroup: 'members' },
    schema: {
      tags: ['members'],
      summary: 'Members of this tenant and their roles',
      querystring: listQuerySchema.extend({ cursor: z.uuid().optional() }),
      response: { 200: memberListSchema, ...REFUSALS },
    },
    handler: async (request) => {
      const { cursor: after, limit } = request.query;
      return accounts.members.list(request.caller.tenantId, { after, limit });
    },
  });
}

function addMember(app: App, { accounts }: Deps): void {
  app.route({
    method: 'POST',
    url: '/members',
    config: { access: 'admin', limitGroup: 'members' },
    schema: {
      tags: ['members'],
      summary: 'Add a person to this tenant',
      body: addMemberBodySchema,
      response: { 201: memberAnswerSchema, ...REFUSALS },
    },
    handler: async (request, reply) => {
      const member = await accounts.members.add(request.caller, request.body);
      return reply.code(201).header('ETag', member.etag).send({ member });
    },
  });
}

function changeMember(app: App, { accounts }: Deps): void {
  app.route({
    method: 'PATCH',
    url: '/members/:user_id',
    config: { access: 'admin', limitGroup: 'members' },
    schema: {
      tags: ['members'],
      summary: 'Change the role of a member; holds at once',
      params: memberParamsSchema,
      body: changeMemberBodySchema,
      response: { 200: memberAnswerSchema, ...REFUSALS },
    },
    handler: async (request, reply) => {
      const { user_id: userId } = request.params;
      const change = { userId, role: request.body.role, ifMatch: request.headers['if-match'] };
      const member = await accounts.members.change(request.caller, change);
      return reply.header('ETag', member.etag).send({ member });
    },
  });
}

function removeMember(app: App, { accounts }: Deps): void {
  app.route({
    method: 'DELETE',
    url: '/members/:user_id',
    config: { access: 'admin', limitGroup: 'members' },
    schema: {
      tags: ['members'],
      summary: 'Remove a member from this tenant; holds at once',
      params: memberParamsSchema,
      response: { 204: z.null(), ...REFUSALS },
    },
    handler: async (request, reply) => {
      const target = { userId: request.params.user_id, ifMatch: request.headers['if-match'] };
      await accounts.members.remove(request.caller, target);
      return reply.code(204).send(null);
    },
  });
}
