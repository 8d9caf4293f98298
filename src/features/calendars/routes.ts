import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { openCookieScope } from '../../http/cookies.ts';
import { problemSchema, REFUSALS } from '../../http/shapes.ts';
import type { Calendars } from './calendars.ts';
import {
  bookingBodySchema,
  bookingSchema,
  calendarAuthorizationSchema,
  calendarCallbackQuerySchema,
  calendarConnectionListSchema,
  calendarConnectionReplySchema,
  calendarEventListSchema,
  calendarEventsQuerySchema,
  calendarParamsSchema,
  type CalendarProvider,
} from './contract.ts';

export type CalendarRouteDeps = { calendars: Calendars; publicUrl: string };

const TAGS = ['integrations'];
const COOKIE = 'ava_calendar_consent';
const COOKIE_PATH = '/api/v1/integrations/calendar';

export function calendarRoutes(app: App, deps: CalendarRouteDeps): void {
  openCookieScope(app, (scope) => {
    listConnections(scope, deps);
    connect(scope, deps);
    disconnect(scope, deps);
    listEvents(scope, deps);
    book(scope, deps);
  });
}

function listConnections(app: App, { calendars }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Which calendars are connected',
    response: { ...REFUSALS, 200: calendarConnectionListSchema },
  };
  const config = { access: 'viewer', limitGroup: 'calendar' } as const;
  app.get('/integrations/calendar', { schema, config }, async (request) => ({
    connections: await calendars.connections(request.caller.tenantId),
    stub: calendars.isStub,
    next_cursor: null,
  }));
}

function connect(app: App, { calendars, publicUrl }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Begin to connect a calendar: where to send the browser',
    params: calendarParamsSchema,
    response: { ...REFUSALS, 200: calendarAuthorizationSchema },
  };
  const config = { access: 'admin', limitGroup: 'calendar' } as const;
  app.post('/integrations/calendar/:provider/connect', { schema, config }, async (request, reply) => {
    const begun = await calendars.authorize(actorOf(request), request.params.provider);
    reply.setCookie(COOKIE, begun.browserSecret, {
      path: COOKIE_PATH,
      httpOnly: true,
      // Lax: it must come along when the provider sends the browser back.
      sameSite: 'lax',
      secure: publicUrl.startsWith('https:'),
      expires: begun.expiresAt,
    });
    return { authorize_url: begun.url, expires_at: begun.expiresAt.toISOString() };
  });
}

function disconnect(app: App, { calendars }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Forget the connection and its tokens',
    params: calendarParamsSchema,
    response: { ...REFUSALS, 200: calendarConnectionReplySchema },
  };
  const config = { access: 'admin', limitGroup: 'calendar' } as const;
  app.delete('/integrations/calendar/:provider/connection', { schema, config }, async (request) => {
    await calendars.disconnect(actorOf(request), request.params.provider);
    const connections = await calendars.connections(request.caller.tenantId);
    return { connection: connections.find((one) => one.provider === request.params.provider)! };
  });
}

function listEvents(app: App, { calendars }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Events of a calendar',
    params: calendarParamsSchema,
    querystring: calendarEventsQuerySchema,
    response: { ...REFUSALS, 200: calendarEventListSchema },
  };
  const config = { access: 'viewer', limitGroup: 'calendar' } as const;
  app.get('/integrations/calendar/:provider/events', { schema, config }, async (request) => {
    const by = { tenantId: request.caller.tenantId, lane: 'api' } as const;
    return calendars.listEvents(by, request.params.provider, request.query);
  });
}

function book(app: App, { calendars }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'Book an appointment; the same booking twice is one appointment',
    params: calendarParamsSchema,
    body: bookingBodySchema,
    response: { ...REFUSALS, 200: bookingSchema },
  };
  const config = { access: 'editor', limitGroup: 'calendar', idempotent: 'resumable' } as const;
  app.post('/integrations/calendar/:provider/events', { schema, config }, async (request) => {
    const by = { tenantId: request.caller.tenantId, lane: 'api', actor: request.caller.email } as const;
    return calendars.book(by, request.params.provider, request.body, request.idempotencyKey);
  });
}

/** Where the provider sends the browser back; open to everybody, and worth nothing without the state and the cookie. */
export function calendarCallbackRoute(app: App, deps: CalendarRouteDeps): void {
  openCookieScope(app, (scope) => comeBack(scope, deps));
}

function comeBack(app: App, { calendars }: CalendarRouteDeps): void {
  const schema = {
    tags: TAGS,
    summary: 'The way back from the provider of a calendar',
    params: calendarParamsSchema,
    querystring: calendarCallbackQuerySchema,
    response: { 303: z.null(), 404: problemSchema, 422: problemSchema, 500: problemSchema, 503: problemSchema },
  };
  app.get('/api/v1/integrations/calendar/:provider/callback', { schema }, async (request, reply) => {
    const { provider } = request.params;
    const result = await calendars.complete(provider, {
      state: request.query.state,
      code: request.query.error === undefined ? request.query.code : undefined,
      browserSecret: cookieOf(request),
    });
    reply.clearCookie(COOKIE, { path: COOKIE_PATH });
    return reply.redirect(pageFor(provider, result), 303);
  });
}

function cookieOf(request: FastifyRequest): string | undefined {
  return request.cookies[COOKIE];
}

function pageFor(provider: CalendarProvider, result: string): string {
  return `/integrations?calendar=${provider}&result=${result}`;
}
