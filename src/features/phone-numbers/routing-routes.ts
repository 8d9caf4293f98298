import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { readIfMatch } from '../../http/etag.ts';
import { REFUSALS } from '../../http/shapes.ts';
import type { RoutingRooms } from './routing.ts';
import {
  numberParamsSchema,
  type Routing,
  routingInputSchema,
  routingSchema,
  type RoutingTest,
  routingTestSchema,
} from './routing-contract.ts';

export type RoutingRoutesDeps = {
  routing: Pick<RoutingRooms, 'get' | 'put'>;
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
