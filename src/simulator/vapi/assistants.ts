import type { FastifyInstance } from 'fastify';
import { VapiRefusal } from './errors.ts';
import { bodyOf, listOf, storedOf } from './requests.ts';
import { assistantFields } from './shapes.ts';
import { orgOf, type VapiTwin } from './twin.ts';

export function assistantRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/assistant', (request, reply) => {
    const org = orgOf(twin, request);
    return reply.code(201).send(org.assistants.add(bodyOf(request, assistantFields)));
  });

  app.get('/assistant', (request) => listOf(request, orgOf(twin, request).assistants));

  app.get('/assistant/:id', (request) => storedOf(request, orgOf(twin, request).assistants, 'Assistant'));

  app.patch('/assistant/:id', (request) => {
    const { assistants } = orgOf(twin, request);
    const { id } = storedOf(request, assistants, 'Assistant');
    return assistants.patch(id, bodyOf(request, assistantFields));
  });

  app.delete('/assistant/:id', (request) => {
    const { assistants, phoneNumbers } = orgOf(twin, request);
    const { id } = storedOf(request, assistants, 'Assistant');
    if (phoneNumbers.all().some((number) => number.assistantId === id)) {
      const message = 'The assistant is in use by a phone number. Remove it there first.';
      throw new VapiRefusal(409, { error: 'assistant_pinned', message });
    }
    return assistants.remove(id);
  });
}
