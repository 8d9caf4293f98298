/** The OpenAPI document, made from the contracts of the rooms, and its page. */
import fastifySwagger from '@fastify/swagger';
import type { App } from './app-type.ts';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export async function describeApi(app: App, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'AVA', version, description: 'Control plane that keeps AI phone assistants answering.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: describeRoute,
    transformObject: jsonSchemaTransformObject,
  });
}

export function serveOpenApi(app: App): void {
  // Anybody may ask for it, as often as they like: its text is made once.
  let text: string | undefined;
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send((text ??= JSON.stringify(app.swagger()))),
  );
}

type Transform = typeof jsonSchemaTransform;

/** Adds what the route's configuration says: who may call it, and the headers that it honours. */
function describeRoute(input: Parameters<Transform>[0]): ReturnType<Transform> {
  const described = jsonSchemaTransform(input);
  const { access, idempotent } = input.route.config ?? {};
  if (input.schema?.hide === true) return described;
  const schema = {
    ...described.schema,
    ...(access !== undefined && { security: [{ bearer: [] }], 'x-ava-role': access }),
    ...((idempotent === true || idempotent === 'resumable') && {
      headers: IDEMPOTENCY_HEADER,
      'x-ava-idempotent': true,
    }),
  };
  return { ...described, schema };
}

const IDEMPOTENCY_HEADER = {
  type: 'object',
  properties: {
    'Idempotency-Key': {
      type: 'string',
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description: 'The same key and request within 24 hours get the first answer again, and have no second effect.',
    },
  },
};
