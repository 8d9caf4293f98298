/** `GET /api/v1/events`: server-sent events of the caller's tenant, with resume by Last-Event-ID. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { Events, StoredEvent } from './events.ts';
import type { Lifecycle } from './lifecycle.ts';

const HEARTBEAT_MS = 15_000;
/** Who reads no more is cut off; a reader that comes back resumes. */
const MOST_UNREAD_BYTES = 256 * 1024;

export function eventStreamRoute(app: App, deps: { events: Events; lifecycle: Lifecycle }): void {
  // A stream of server-sent events; it is written past the serializer.
  const schema = {
    tags: ['system'],
    summary: 'What happens, as it happens: server-sent events, resumed by Last-Event-ID',
    response: { 200: z.string(), ...REFUSALS },
  };
  app.get(
    '/events',
    { config: { access: 'viewer', limitGroup: 'events', isEndless: true }, schema },
    (request, reply) => {
      stream(request, reply, deps);
    },
  );
}

function stream(request: FastifyRequest, reply: FastifyReply, deps: { events: Events; lifecycle: Lifecycle }): void {
  const last = request.headers['last-event-id'];
  reply.hijack();
  const out = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) out.setHeader(name, value);
  }
  out.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  const write = (text: string) => {
    if (out.writableLength > MOST_UNREAD_BYTES) out.destroy();
    else out.write(text);
  };
  write(': connected\n\n');

  const send = (event: StoredEvent) => {
    const { sequence, type, id, at } = event;
    write(`id: ${sequence}\nevent: ${event.type}\ndata: ${JSON.stringify({ type, id, at })}\n\n`);
  };
  const unsubscribe = deps.events.subscribe(request.caller, typeof last === 'string' ? last : undefined, send);
  const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
  // A leaving replica lets its readers go; they come back to another one and resume.
  const forget = deps.lifecycle.onLeaving(() => out.end());
  out.on('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
    forget();
  });
}
