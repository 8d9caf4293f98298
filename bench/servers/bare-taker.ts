/** The bound of any server here: Fastify takes the same JSON, looks at nothing, stores nothing, and says so. */
import Fastify from 'fastify';
import { sayAddress } from './say-address.ts';

const app = Fastify();
app.post('/webhooks/vapi', (_request, reply) => {
  reply.code(204).send();
});
await app.listen({ port: 0, host: '127.0.0.1' });
sayAddress(app.server);
