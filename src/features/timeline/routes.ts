import type { App } from '../../http/app-type.ts';
import { mayAccess } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { storyQuerySchema, storySchema } from './contract.ts';
import type { Timeline } from './timeline.ts';

/** One id, the whole story. */
export function timelineRoutes(app: App, deps: { timeline: Timeline }): void {
  story(app, deps);
}

function story(app: App, { timeline }: { timeline: Timeline }): void {
  const schema = {
    tags: ['calls'],
    summary: 'Everything that AVA keeps under one id, in order: of a request, a call, a message or an effect',
    querystring: storyQuerySchema,
    response: { 200: storySchema, ...REFUSALS },
  };
  app.get('/timeline', { config: { access: 'viewer', limitGroup: 'timeline' }, schema }, async (request) => {
    const { caller, query } = request;
    return timeline.story({
      ...query,
      tenantId: caller.tenantId,
      seesAudit: mayAccess(caller, 'admin'),
      isOperator: caller.operator,
    });
  });
}
