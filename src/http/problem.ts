/** The one place where an error becomes a reply. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { fail, type FieldProblem, PublicError } from '../errors.ts';
import type { Log } from '../log.ts';
import { CORRELATION_HEADER } from './correlation.ts';
import { allowedMethods, rememberRoutes } from './method-table.ts';
import { problemDocument } from './problem-document.ts';
import { publicErrorOf } from './upstream-problem.ts';

export function replyWithProblems(app: App, { log }: { log: Log }): void {
  const routes = rememberRoutes(app);

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = publicForm(error);
    if (known === undefined) {
      log.error({ err: error, 'X-Correlation-ID': request.id }, 'Request failed with an unexpected error');
      return sendProblem(request, reply, fail('internal', INTERNAL_DETAIL));
    }
    return sendProblem(request, reply, known);
  });

  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(routes, request.url);
    // A part of the address that is too long finds no route either, whatever the method.
    if (allowed.length === 0 || allowed.includes(request.method))
      return sendProblem(request, reply, fail('not_found', 'There is nothing at this address.'));
    reply.header('Allow', allowed.join(', '));
    return sendProblem(request, reply, fail('method_not_allowed', `This address answers ${allowed.join(', ')}.`));
  });
}

/** Fastify's frameworkErrors: an address that cannot be decoded never reaches a route, nor its hooks. */
export function answerFrameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header(CORRELATION_HEADER, request.id);
  sendProblem(request, reply, publicForm(error) ?? fail('bad_request', 'The request could not be read.'));
}

const INTERNAL_DETAIL =
  'AVA could not finish this request. Nothing that you did caused it; the correlation id finds it in the log.';

/** Sends `error` as a problem document with its headers. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: PublicError): FastifyReply {
  const { retryAfterSeconds, fields, members } = error.options;
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds))));
  if (error.status >= 500) request.faultOf = error.code.startsWith('upstream_') ? 'upstream' : 'ava';
  if (error.code === 'unauthenticated') reply.header('WWW-Authenticate', 'Bearer');
  const document = problemDocument({
    code: error.code,
    status: error.status,
    title: error.title,
    detail: error.message,
    correlationId: request.id,
    fields,
    members,
  });
  return reply
    .code(error.status)
    .header('Content-Type', 'application/problem+json; charset=utf-8')
    .header('Cache-Control', 'no-store')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(document);
}

function publicForm(error: FastifyError): PublicError | undefined {
  if (error instanceof PublicError) return error;
  if (hasZodFastifySchemaValidationErrors(error))
    return fail('validation_failed', 'Some fields are not valid.', { fields: fieldsOf(error) });
  const upstream = publicErrorOf(error);
  if (upstream !== undefined) return upstream;
  return (
    FASTIFY_CODES[error.code]?.() ??
    (error.statusCode !== undefined && error.statusCode < 500
      ? fail('bad_request', 'The request could not be read.')
      : undefined)
  );
}

const FASTIFY_CODES: Record<string, () => PublicError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => fail('payload_too_large', 'The body is larger than this address accepts.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => fail('unsupported_media_type', 'Send application/json.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => fail('malformed_json', 'The body is empty, but its type is JSON.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => fail('bad_request', 'The body is not as long as Content-Length says.'),
  FST_ERR_BAD_URL: () => fail('bad_request', 'The address is not a valid URL.'),
};

function fieldsOf(error: {
  validation: { instancePath: string; message?: string; params?: unknown }[];
  validationContext?: string;
}): FieldProblem[] {
  const context = error.validationContext ?? 'body';
  return error.validation.map((issue) => ({
    field: issue.instancePath.replace(/^\//, '').replaceAll('/', '.') || context,
    message: issue.message ?? 'is not valid',
  }));
}
