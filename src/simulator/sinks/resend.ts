import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ListenerOptions } from '../listener.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

export type ResendMail = { id: string; at: string; from: string; to: string[]; subject: string; body: Mail };
export type ResendSink = { mails: ResendMail[]; door: Pick<ListenerOptions, 'routes' | 'errorBody'> };

type Mail = Record<string, unknown>;
type Remembered = { body: string; answer: { id: string }; untilMs: number };

const REMEMBERED_MS = 24 * 3_600_000;
const NAMES: Record<number, string> = {
  400: 'validation_error',
  401: 'missing_api_key',
  403: 'invalid_api_key',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'concurrent_idempotent_requests',
  422: 'missing_required_field',
  429: 'rate_limit_exceeded',
};

export function resendError(statusCode: number, name = NAMES[statusCode] ?? 'application_error', message?: string) {
  return { statusCode, name, message: message ?? name.replaceAll('_', ' ') };
}

export function createResend(world: World, random: Random, apiKey: string): ResendSink {
  const mails: ResendMail[] = [];
  const remembered = new Map<string, Remembered>();
  const { story } = world.time;
  const keep = (body: Mail) => {
    const id = random.uuid();
    const mail = { from: String(body.from), to: [body.to].flat().map(String), subject: String(body.subject) };
    mails.push({ id, at: story.now().toISOString(), ...mail, body });
    return { id };
  };

  const sendOnce = (request: FastifyRequest, reply: FastifyReply) => {
    const body = (request.body ?? {}) as Mail;
    const problem = problemOf(body);
    if (problem) return reply.code(422).send(problem);
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return reply.send(keep(body));
    if (key === '' || key.length > 256) return reply.code(400).send(resendError(400, 'invalid_idempotency_key'));
    const text = JSON.stringify(body);
    const known = remembered.get(key);
    if (known && known.untilMs > story.monotonicMs()) {
      if (known.body !== text) return reply.code(409).send(resendError(409, 'invalid_idempotent_request'));
      return reply.send(known.answer);
    }
    const answer = keep(body);
    remembered.set(key, { body: text, answer, untilMs: story.monotonicMs() + REMEMBERED_MS });
    return reply.send(answer);
  };

  const routes = (app: FastifyInstance) => {
    app.addHook('preHandler', (request, reply, done) => {
      void reply.headers({ 'ratelimit-limit': '5', 'ratelimit-remaining': '4', 'ratelimit-reset': '1' });
      const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (given === apiKey) return done();
      const status = given ? 403 : 401;
      void reply.code(status).send(resendError(status));
    });
    app.post('/emails', sendOnce);
    app.post('/emails/batch', (request, reply) => {
      const batch = request.body as Mail[];
      if (!Array.isArray(batch) || batch.length > 100)
        return reply.code(422).send(resendError(422, 'invalid_parameter'));
      const problem = batch.map(problemOf).find((found) => found);
      if (problem) return reply.code(422).send(problem);
      return reply.send({ data: batch.map(keep) });
    });
    app.get('/emails/:id', (request, reply) => {
      const { id } = request.params as { id: string };
      const mail = mails.find((one) => one.id === id);
      if (!mail) return reply.code(404).send(resendError(404));
      return reply.send({ ...mail.body, id, object: 'email', created_at: mail.at, last_event: 'delivered' });
    });
  };
  return { mails, door: { routes, errorBody: (status) => resendError(status) } };
}

function problemOf(body: Mail): unknown {
  if (typeof body.from !== 'string') return resendError(422, 'missing_required_field', 'Missing `from` field.');
  if (!/^([^<>]*<)?[^\s<>@]+@[^\s<>@]+>?$/.test(body.from)) {
    return resendError(422, 'invalid_from_address', 'Invalid `from` field.');
  }
  const to = [body.to].flat();
  if (to.length === 0 || to.some((one) => typeof one !== 'string')) {
    return resendError(422, 'missing_required_field', 'Missing `to` field.');
  }
  if (to.length > 50) return resendError(422, 'invalid_parameter', 'Too many recipients.');
  if (typeof body.subject !== 'string') return resendError(422, 'missing_required_field', 'Missing `subject` field.');
  if (!body.html && !body.text && !body.template) {
    return resendError(422, 'missing_required_field', 'Missing `html` or `text` field.');
  }
  return undefined;
}
