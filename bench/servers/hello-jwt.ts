/** The baseline for answers that AVA gives by itself: Fastify, one verified token, one small JSON. */
import Fastify from 'fastify';
import { createSigner, createVerifier } from 'fast-jwt';
import { sayAddress } from './say-address.ts';

const key = 'k'.repeat(32);
const verify = createVerifier({ key });
const app = Fastify();
app.addHook('onRequest', (request, reply, done) => {
  try {
    verify(request.headers.authorization?.slice(7) ?? '');
    done();
  } catch {
    reply.code(401).send();
  }
});
app.get('/', async () => ({ hello: 'world' }));
await app.listen({ port: 0, host: '127.0.0.1' });
sayAddress(app.server, { token: createSigner({ key, expiresIn: '4h' })({ sub: 'bench' }) });
