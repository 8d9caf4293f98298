/** Rehearsals in demo mode: the dashboard can place a call and break a vendor, at the simulator that stands behind it. */
import { currentCorrelationId } from '../../correlation.ts';
import type { App } from '../../http/app-type.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { GuardedHttp } from '../../providers/http.ts';
import { rehearsalCallSchema, rehearsalOutageSchema, rehearsalStartedSchema } from './contract.ts';

export const SIMULATOR_UPSTREAM = 'simulator';

type Simulator = { http: GuardedHttp; url: string };

/** The doors exist only where a simulator does. */
export function rehearsalRoutes(app: App, simulator: Simulator): void {
  placeCall(app, simulator);
  breakVendor(app, simulator);
  mendVendor(app, simulator);
}

const config = { access: 'editor', limitGroup: 'rehearsal' } as const;
const response = { 202: rehearsalStartedSchema, ...REFUSALS };

function placeCall(app: App, simulator: Simulator): void {
  const schema = { tags: ['demo'], summary: 'Let a simulated caller ring', body: rehearsalCallSchema, response };
  app.post('/demo/calls', { config, schema }, async (request, reply) => {
    await tell(simulator, 'POST', '/control/calls?wait=false', request.body);
    return reply.code(202).send({ started: true });
  });
}

function breakVendor(app: App, simulator: Simulator): void {
  const schema = {
    tags: ['demo'],
    summary: 'Break a simulated vendor for a while',
    body: rehearsalOutageSchema,
    response,
  };
  app.post('/demo/outages', { config, schema }, async (request, reply) => {
    const { vendor, seconds } = request.body;
    await tell(simulator, 'POST', '/control/outages', { vendor, forMs: seconds * 1000 });
    return reply.code(202).send({ started: true });
  });
}

function mendVendor(app: App, simulator: Simulator): void {
  const params = rehearsalOutageSchema.pick({ vendor: true });
  const schema = { tags: ['demo'], summary: 'End a simulated outage', params, response };
  app.delete('/demo/outages/:vendor', { config, schema }, async (request, reply) => {
    await tell(simulator, 'DELETE', `/control/outages/${request.params.vendor}`);
    return reply.code(202).send({ started: true });
  });
}

function tell({ http, url }: Simulator, method: 'POST' | 'DELETE', path: string, json?: object) {
  return http.request({
    upstream: SIMULATOR_UPSTREAM,
    credential: null,
    operation: `${method} ${path.split('?')[0]}`,
    method,
    url: new URL(path, url),
    json,
    repeatable: false,
    deadlineMs: 5_000,
    attemptTimeoutMs: 5_000,
    lane: 'api',
    correlationId: currentCorrelationId(),
  });
}
