import type { FastifyInstance } from 'fastify';
import type { ListenerOptions } from '../listener.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

export type PageEvent = { at: string; action: string; summary: string; severity: string };
/** One alert: everything that came with its key while it was open. */
export type PagerDutyAlert = {
  dedupKey: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  summary: string;
  severity: string;
  openedAt: string;
  resolvedAt?: string;
  /** How often someone's phone rang. */
  notifications: number;
  events: PageEvent[];
};
export type PagerDutySink = { alerts: PagerDutyAlert[]; door: Pick<ListenerOptions, 'routes' | 'errorBody'> };

type Enqueue = {
  routing_key?: unknown;
  event_action?: unknown;
  dedup_key?: unknown;
  payload?: { summary?: unknown; source?: unknown; severity?: unknown };
};

const MAX_BYTES = 512 * 1024;

/** Events API v2. The same key while an alert is open is appended; an unknown routing key is refused. */
export function createPagerDuty(world: World, random: Random, routingKey: string): PagerDutySink {
  const alerts: PagerDutyAlert[] = [];
  const routes = (app: FastifyInstance) => {
    app.post('/v2/enqueue', { bodyLimit: MAX_BYTES }, (request, reply) => {
      const event = (request.body ?? {}) as Enqueue;
      const errors = problemsOf(event, routingKey);
      if (errors.length > 0) return reply.code(400).send(invalid(errors));
      const dedupKey = typeof event.dedup_key === 'string' ? event.dedup_key : random.uuid();
      apply(alerts, { event, dedupKey, at: world.time.story.now().toISOString() });
      return reply.code(202).send({ status: 'success', message: 'Event processed', dedup_key: dedupKey });
    });
  };
  const errorBody = (status: number) =>
    status === 400 ? invalid(['The body is not valid']) : { status: 'error', message: `Status ${status}` };
  return { alerts, door: { routes, errorBody } };
}

function invalid(errors: string[]): unknown {
  return { status: 'invalid event', message: 'Event object is invalid', errors };
}

function problemsOf(event: Enqueue, routingKey: string): string[] {
  const errors: string[] = [];
  const { event_action: action, dedup_key: key, payload } = event;
  if (event.routing_key !== routingKey) errors.push("'routing_key' is invalid");
  if (!['trigger', 'acknowledge', 'resolve'].includes(String(action))) errors.push("'event_action' is invalid");
  if (action !== 'trigger' && typeof key !== 'string') errors.push("'dedup_key' is missing or blank");
  if (typeof key === 'string' && key.length > 255) errors.push("'dedup_key' is longer than 255 characters");
  if (action !== 'trigger') return errors;
  if (typeof payload?.summary !== 'string' || payload.summary === '')
    errors.push("'payload.summary' is missing or blank");
  else if (payload.summary.length > 1024) errors.push("'payload.summary' is longer than 1024 characters");
  if (typeof payload?.source !== 'string' || payload.source === '') errors.push("'payload.source' is missing or blank");
  if (!['critical', 'error', 'warning', 'info'].includes(String(payload?.severity))) {
    errors.push("'payload.severity' is invalid");
  }
  return errors;
}

function apply(
  alerts: PagerDutyAlert[],
  { event, dedupKey, at }: { event: Enqueue; dedupKey: string; at: string },
): void {
  const open = alerts.findLast((alert) => alert.dedupKey === dedupKey && alert.status !== 'resolved');
  const action = String(event.event_action);
  const summary = String(event.payload?.summary ?? '');
  const severity = String(event.payload?.severity ?? '');
  const noted: PageEvent = { at, action, summary, severity };
  if (!open) {
    if (action !== 'trigger') return;
    const opened = { dedupKey, status: 'triggered' as const, summary, severity, openedAt: at };
    alerts.push({ ...opened, notifications: 1, events: [noted] });
    return;
  }
  open.events.push(noted);
  if (action === 'acknowledge') open.status = 'acknowledged';
  if (action !== 'resolve') return;
  open.status = 'resolved';
  open.resolvedAt = at;
}
