import type { FastifyInstance } from 'fastify';
import type { ListenerOptions } from '../listener.ts';
import type { World } from '../world.ts';

export type SlackMessage = { at: string; text: string; body: Record<string, unknown> };
export type SlackSink = { messages: SlackMessage[]; door: Pick<ListenerOptions, 'routes' | 'errorBody'> };

/** An incoming webhook: the address is the secret, the answers are plain words. */
export function createSlack(world: World, path: string): SlackSink {
  const messages: SlackMessage[] = [];
  const routes = (app: FastifyInstance) => {
    app.post('/services/*', (request, reply) => {
      void reply.type('text/html');
      if (request.url.split('?')[0] !== path) return reply.code(404).send('no_service');
      const body = request.body as Record<string, unknown> | null;
      if (typeof body !== 'object' || body === null) return reply.code(400).send('invalid_payload');
      const hasContent = typeof body.text === 'string' || Array.isArray(body.blocks) || Array.isArray(body.attachments);
      if (!hasContent) return reply.code(400).send('no_text');
      if (Array.isArray(body.blocks) && body.blocks.length > 50) return reply.code(400).send('invalid_blocks');
      const text = typeof body.text === 'string' ? body.text : '';
      messages.push({ at: world.time.story.now().toISOString(), text, body });
      return reply.send('ok');
    });
  };
  return { messages, door: { routes, errorBody: (status) => (status === 404 ? 'no_service' : 'rollup_error') } };
}
