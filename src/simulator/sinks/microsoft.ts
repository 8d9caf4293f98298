import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ListenerOptions } from '../listener.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { CalendarEvent } from './google.ts';
import { createOAuth, type OAuth } from './oauth.ts';

export type MicrosoftSink = {
  events: CalendarEvent[];
  oauth: OAuth;
  door: Pick<ListenerOptions, 'routes' | 'errorBody'>;
};

type Keys = { clientId: string; clientSecret: string };
type Calendar = { world: World; random: Random; events: CalendarEvent[] };

/** Microsoft Graph's calendar of one person, and the sign-in in front of it, all behind one door. */
export function createMicrosoft(world: World, random: Random, keys: Keys): MicrosoftSink {
  const events: CalendarEvent[] = [];
  const refused = (error: string) => ({
    error,
    error_description: `AADSTS70008: ${error}`,
    error_codes: [70008],
    timestamp: world.time.story.now().toISOString(),
    trace_id: random.uuid(),
    correlation_id: random.uuid(),
  });
  const oauth = createOAuth(world, random, { ...keys, accessTokenSeconds: 4500, rotatesRefreshTokens: true, refused });
  const routes = (app: FastifyInstance) => {
    app.get('/:tenant/oauth2/v2.0/authorize', (request, reply) => oauth.authorize(request, reply));
    app.post('/:tenant/oauth2/v2.0/token', (request, reply) => oauth.token(request, reply));
    app.register((graph, _options, done) => {
      graph.addHook('preHandler', (request, reply, next) => {
        const ours = request.headers['client-request-id'];
        if (typeof ours === 'string') void reply.header('client-request-id', ours);
        if (oauth.accepts(request)) return next();
        void reply.code(401).send(graphError(401));
      });
      graphRoutes(graph, { world, random, events });
      done();
    });
  };
  return { events, oauth, door: { routes, errorBody: (status) => graphError(status) } };
}

function graphRoutes(app: FastifyInstance, calendar: Calendar): void {
  app.get('/v1.0/me/calendarView', (request, reply) => viewEvents(calendar, request, reply));
  app.post('/v1.0/me/events', (request, reply) => createEvent(calendar, request, reply));
  app.patch('/v1.0/me/events/:id', (request, reply) => {
    const event = find(calendar, request);
    return event ? Object.assign(event, request.body) : reply.code(404).send(graphError(404));
  });
  app.delete('/v1.0/me/events/:id', (request, reply) => {
    const event = find(calendar, request);
    if (!event) return reply.code(404).send(graphError(404));
    calendar.events.splice(calendar.events.indexOf(event), 1);
    return reply.code(204).send();
  });
}

function viewEvents({ events }: Calendar, request: FastifyRequest, reply: FastifyReply) {
  const query = request.query as Record<string, string>;
  const { startDateTime, endDateTime } = query;
  if (!startDateTime || !endDateTime) return reply.code(400).send(graphError(400));
  const [from, to] = [inUtc(startDateTime), inUtc(endDateTime)];
  const found = events
    .filter((event) => edge(event.end) > from && edge(event.start) < to)
    .sort((left, right) => edge(left.start) - edge(right.start));
  const size = Math.min(1000, Number(query.$top ?? 10));
  const skip = Number(query.$skip ?? 0);
  const url = new URL(request.url, `http://${request.host}`);
  url.searchParams.set('$skip', String(skip + size));
  const next = skip + size < found.length ? { '@odata.nextLink': url.toString() } : {};
  return { value: found.slice(skip, skip + size), ...next };
}

function createEvent({ random, events }: Calendar, request: FastifyRequest, reply: FastifyReply) {
  const body = (request.body ?? {}) as Record<string, unknown>;
  if (Number.isNaN(edge(body.start)) || Number.isNaN(edge(body.end))) return reply.code(400).send(graphError(400));
  const known = events.find((event) => body.transactionId && event.transactionId === body.transactionId);
  if (known) return reply.code(201).send(known);
  const event: CalendarEvent = {
    ...body,
    id: `AAMk${random.hex(40)}`,
    start: inGraphTime(body.start),
    end: inGraphTime(body.end),
  };
  events.push(event);
  return reply.code(201).send(event);
}

/** Graph keeps seven fractional digits and no zone. */
function inGraphTime(side: unknown): unknown {
  return { dateTime: `${new Date(edge(side)).toISOString().slice(0, 23)}0000`, timeZone: 'UTC' };
}

function edge(side: unknown): number {
  const { dateTime } = (side ?? {}) as { dateTime?: string };
  return inUtc(dateTime ?? '');
}

function inUtc(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text.slice(0, 23)}Z`);
}

function find({ events }: Calendar, request: FastifyRequest): CalendarEvent | undefined {
  const { id } = request.params as { id: string };
  return events.find((event) => event.id === id);
}

const CODES: Record<number, string> = {
  400: 'ErrorInvalidRequest',
  401: 'InvalidAuthenticationToken',
  403: 'ErrorAccessDenied',
  404: 'ErrorItemNotFound',
  429: 'ApplicationThrottled',
};

function graphError(status: number): unknown {
  const code = CODES[status] ?? 'ServiceUnavailable';
  return { error: { code, message: code, innerError: { 'request-id': '00000000-0000-4000-8000-000000000000' } } };
}
