import type { FastifyInstance } from 'fastify';
import { bodyOf, listOf, storedOf } from './requests.ts';
import { isObject } from './rules.ts';
import { credentialFields } from './shapes.ts';
import type { Stored } from './store.ts';
import { orgOf, type VapiTwin } from './twin.ts';

/** Custom credentials sign webhooks. They stand in the vendor's guides only. Their secrets are write-only. */
export function credentialRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/credential', (request, reply) => {
    const { credentials } = orgOf(twin, request);
    const body = bodyOf(request, credentialFields, ['provider', 'authenticationPlan']);
    return reply.code(201).send(withoutSecrets(credentials.add(body)));
  });

  app.get('/credential', (request) => listOf(request, orgOf(twin, request).credentials).map(withoutSecrets));

  app.get('/credential/:id', (request) =>
    withoutSecrets(storedOf(request, orgOf(twin, request).credentials, 'Credential')),
  );

  app.patch('/credential/:id', (request) => {
    const { credentials } = orgOf(twin, request);
    const { id } = storedOf(request, credentials, 'Credential');
    const { provider: _, ...fields } = credentialFields;
    return withoutSecrets(credentials.patch(id, bodyOf(request, fields)) as Stored);
  });

  app.delete('/credential/:id', (request) => {
    const { credentials } = orgOf(twin, request);
    const credential = storedOf(request, credentials, 'Credential');
    credentials.remove(credential.id);
    return withoutSecrets(credential);
  });
}

function withoutSecrets(credential: Stored): Stored {
  const plan = credential.authenticationPlan;
  if (!isObject(plan)) return credential;
  const { token: _, secretKey: __, clientSecret: ___, ...shown } = plan;
  return { ...credential, authenticationPlan: shown };
}
