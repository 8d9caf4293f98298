import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { readIfMatch } from '../../http/etag.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { RoutingRooms } from './routing.ts';
import type { NumberRow } from './routing-store.ts';
import {
  MAX_TESTED_AT_ONCE,
  numberParamsSchema,
  type Routing,
  routingInputSchema,
  routingNowSchema,
  routingSchema,
  type RoutingTest,
  routingTestSchema,
} from './routing-contract.ts';

export type RoutingRoutesDeps = {
  routing: Pick<RoutingRooms, 'get' | 'put' | 'list' | 'toWire'>;
  /** What a caller would hear now. */
  test(tenantId: string, routing: Routing): Promise<RoutingTest>;
};

const tags = ['numbers'];
const limitGroup = 'twilio';

/** Who answers a number. */
export function routingRoutes(app: App, deps: RoutingRoutesDeps): void {
  get(app, deps);
  put(app, deps);
  test(app, deps);
  testAll(app, deps);
}

function get(app: App, { routing }: RoutingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Who answers this number, and who does if the assistant cannot',
    params: numberParamsSchema,
    response: { 200: routingSchema, ...REFUSALS },
  };
  app.get(
    '/twilio/numbers/:sid/routing',
    { config: { access: 'viewer', limitGroup }, schema },
    async (request, reply) => {
      const found = await routing.get(request.caller.tenantId, request.params.sid);
      reply.header('ETag', found.etag);
      return found;
    },
  );
}

function put(app: App, { routing }: RoutingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Change who answers this number',
    params: numberParamsSchema,
    body: routingInputSchema,
    response: { 200: routingSchema, ...REFUSALS },
  };
  app.put(
    '/twilio/numbers/:sid/routing',
    { config: { access: 'editor', limitGroup }, schema },
    async (request, reply) => {
      const change = { actor: actorOf(request), ifMatch: readIfMatch(request.headers['if-match']) };
      const changed = await routing.put(request.caller.tenantId, request.params.sid, request.body, change);
      reply.header('ETag', changed.etag);
      return changed;
    },
  );
}

function test(app: App, deps: RoutingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'What a caller would hear now, and why',
    params: numberParamsSchema,
    response: { 200: routingTestSchema, ...REFUSALS },
  };
  app.get(
    '/twilio/numbers/:sid/routing/test',
    { config: { access: 'viewer', limitGroup }, schema },
    async (request) => {
      const { tenantId } = request.caller;
      return await deps.test(tenantId, await deps.routing.get(tenantId, request.params.sid));
    },
  );
}

function testAll(app: App, deps: RoutingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'What callers of every routed number would hear now, and why',
    response: { 200: routingNowSchema, ...REFUSALS },
  };
  app.get('/twilio/numbers/routing/now', { config: { access: 'viewer', limitGroup }, schema }, async (request) => {
    const { tenantId } = request.caller;
    const rows = (await deps.routing.list(tenantId)).filter(isRouted).slice(0, MAX_TESTED_AT_ONCE);
    const tests = await Promise.all(rows.map((row) => deps.test(tenantId, deps.routing.toWire(row))));
    return { tests };
  });
}

function isRouted({ mode }: NumberRow): boolean {
  return mode !== null && mode !== 'off';
}
