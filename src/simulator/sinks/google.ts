import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ListenerOptions } from '../listener.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { createOAuth, type OAuth } from './oauth.ts';

export type CalendarEvent = { id: string; [field: string]: unknown };
export type GoogleSink = {
  events: CalendarEvent[];
  oauth: OAuth;
  door: Pick<ListenerOptions, 'routes' | 'errorBody'>;
};

type Keys = { clientId: string; clientSecret: string };

/** Google Calendar v3 with one calendar, and the sign-in in front of it, all behind one door. */
export function createGoogle(world: World, random: Random, keys: Keys): GoogleSink {
  const events: CalendarEvent[] = [];
  const refused = (error: string) => ({ error, error_description: error });
  const oauth = createOAuth(world, random, { ...keys, accessTokenSeconds: 3599, rotatesRefreshTokens: false, refused });
  const routes = (app: FastifyInstance) => {
    app.get('/o/oauth2/v2/auth', (request, reply) => oauth.authorize(request, reply));
    app.post('/token', (request, reply) => oauth.token(request, reply));
    app.post('/revoke', (request, reply) => {
      const { token } = { ...(request.query as object), ...(request.body as object) } as { token?: string };
      return oauth.revoke(token ?? '') ? reply.send({}) : reply.code(400).send(refused('invalid_token'));
    });
    app.register((calendar, _options, done) => {
      calendar.addHook('preHandler', (request, reply, next) => {
        if (oauth.accepts(request)) return next();
        void reply.code(401).send(googleError(401, 'authError'));
      });
      calendarRoutes(calendar, { world, random, events });
      done();
    });
  };
  return { events, oauth, door: { routes, errorBody: (status) => googleError(status) } };
}

type Calendar = { world: World; random: Random; events: CalendarEvent[] };

function calendarRoutes(app: FastifyInstance, calendar: Calendar): void {
  const list = '/calendar/v3/calendars/:calendarId/events';
  app.get(list, (request, reply) => listEvents(calendar, request, reply));
  app.post(list, (request, reply) => insertEvent(calendar, request, reply));
  app.patch(`${list}/:eventId`, (request, reply) => {
    const event = find(calendar, request);
    if (!event) return reply.code(404).send(googleError(404, 'notFound'));
    if (request.headers['if-match'] && request.headers['if-match'] !== event.etag) {
      return reply.code(412).send(googleError(412, 'conditionNotMet'));
    }
    return Object.assign(event, request.body, { etag: `"${calendar.random.hex(16)}"` });
  });
  app.delete(`${list}/:eventId`, (request, reply) => {
    const event = find(calendar, request);
    if (!event) return reply.code(404).send(googleError(404, 'notFound'));
    if (event.status === 'cancelled') return reply.code(410).send(googleError(410, 'deleted'));
    event.status = 'cancelled';
    return reply.code(204).send();
  });
  app.post('/calendar/v3/freeBusy', (request) => freeBusy(calendar, request));
}

function listEvents({ events }: Calendar, request: FastifyRequest, reply: FastifyReply) {
  const query = request.query as Record<string, string>;
  for (const name of ['timeMin', 'timeMax']) {
    if (query[name] && !/(Z|[+-]\d\d:\d\d)$/.test(query[name]))
      return reply.code(400).send(googleError(400, 'badRequest'));
  }
  if (query.orderBy === 'startTime' && query.singleEvents !== 'true') {
    return reply.code(400).send(googleError(400, 'badRequest'));
  }
  const items = events
    .filter((event) => event.status !== 'cancelled' && isBetween(event, query.timeMin, query.timeMax))
    .sort((left, right) => edge(left.start) - edge(right.start));
  const from = Number(query.pageToken ?? 0);
  const size = Math.min(2500, Number(query.maxResults ?? 250));
  const next = from + size < items.length ? { nextPageToken: String(from + size) } : {};
  return { kind: 'calendar#events', timeZone: 'UTC', items: items.slice(from, from + size), ...next };
}

function insertEvent({ world, random, events }: Calendar, request: FastifyRequest, reply: FastifyReply) {
  const body = (request.body ?? {}) as Record<string, unknown>;
  if (!body.start || !body.end) return reply.code(400).send(googleError(400, 'required'));
  if (edge(body.end) <= edge(body.start)) return reply.code(400).send(googleError(400, 'timeRangeEmpty'));
  const id = typeof body.id === 'string' ? body.id : random.hex(26);
  if (!/^[a-v0-9]{5,1024}$/.test(id)) return reply.code(400).send(googleError(400, 'invalid'));
  if (events.some((event) => event.id === id)) return reply.code(409).send(googleError(409, 'duplicate'));
  const now = world.time.story.now().toISOString();
  const etag = `"${random.hex(16)}"`;
  const event = { kind: 'calendar#event', status: 'confirmed', ...body, id, etag, created: now, updated: now };
  events.push(event);
  return event;
}

function freeBusy({ events }: Calendar, request: FastifyRequest): unknown {
  const {
    timeMin,
    timeMax,
    items = [],
  } = request.body as { timeMin: string; timeMax: string; items?: { id: string }[] };
  const busy = events
    .filter((event) => event.status !== 'cancelled' && event.transparency !== 'transparent')
    .filter((event) => isBetween(event, timeMin, timeMax))
    .map((event) => ({ start: iso(event.start), end: iso(event.end) }));
  return {
    kind: 'calendar#freeBusy',
    timeMin,
    timeMax,
    calendars: Object.fromEntries(items.map(({ id }) => [id, { busy }])),
  };
}

/** `timeMin` looks at the end of an event, `timeMax` at its start; both exclusive. */
function isBetween(event: CalendarEvent, timeMin: string | undefined, timeMax: string | undefined): boolean {
  return (!timeMin || edge(event.end) > Date.parse(timeMin)) && (!timeMax || edge(event.start) < Date.parse(timeMax));
}

function edge(side: unknown): number {
  const { dateTime, date } = (side ?? {}) as { dateTime?: string; date?: string };
  return Date.parse(dateTime ?? date ?? '');
}

function iso(side: unknown): string {
  return new Date(edge(side)).toISOString();
}

function find({ events }: Calendar, request: FastifyRequest): CalendarEvent | undefined {
  const { eventId } = request.params as { eventId: string };
  return events.find((event) => event.id === eventId);
}

const REASONS: Record<number, string> = {
  401: 'authError',
  403: 'rateLimitExceeded',
  404: 'notFound',
  429: 'rateLimitExceeded',
};

function googleError(code: number, reason = REASONS[code] ?? (code >= 500 ? 'backendError' : 'badRequest')): unknown {
  const domain = reason.includes('imit') ? 'usageLimits' : 'global';
  return { error: { code, message: reason, errors: [{ domain, reason, message: reason }] } };
}
