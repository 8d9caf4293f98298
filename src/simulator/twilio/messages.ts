import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account } from './account.ts';
import { notFound, refuse } from './errors.ts';
import { checkMessageSender, checkMessageTarget } from './magic.ts';
import { findNumber, type Form, formOf, one } from './numbers.ts';
import { pageOf } from './paging.ts';
import { nowIn, type Resource } from './records.ts';
import { isInTime } from './time-filter.ts';
import { accountOf, BASE, type TwilioTwin } from './twin.ts';

const LIST = `${BASE}/Accounts/:accountSid/Messages`;
const ONE = `${LIST}/:sid(^[SM]M[0-9a-f]{32}).json`;
const CHARACTERS_PER_SEGMENT = 153;

export function messageRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  app.get(`${LIST}.json`, (request) => {
    const account = accountOf(twin, request);
    return pageOf(request, 'messages', account.messages.all().filter(filterOf(request)));
  });

  app.post(`${LIST}.json`, (request, reply) => {
    const account = accountOf(twin, request, { allowsTest: true });
    return reply.code(201).send(sendMessage(twin, account, formOf(request)));
  });

  app.get(ONE, (request) => messageOf(accountOf(twin, request), request));

  app.post(ONE, (request) => {
    const message = messageOf(accountOf(twin, request), request);
    const form = formOf(request);
    if (one(form, 'Body') === '') message.body = '';
    if (one(form, 'Status') === 'canceled') message.status = 'canceled';
    return message;
  });

  app.delete(ONE, (request, reply) => {
    const account = accountOf(twin, request);
    account.messages.remove(messageOf(account, request).sid);
    return reply.code(204).send();
  });
}

function sendMessage(twin: TwilioTwin, account: Account, form: Form): Resource {
  const to = one(form, 'To');
  const from = one(form, 'From');
  const service = one(form, 'MessagingServiceSid');
  const body = one(form, 'Body') ?? '';
  if (!to) throw refuse(21604, "A 'To' phone number is required");
  if (!from && !service) throw refuse(21603, "A 'From' phone number is required");
  if (!body && !form.MediaUrl && !form.ContentSid) throw refuse(21619, 'A message body is required');
  if (body.length > 1600) throw refuse(21617, 'The concatenated message body exceeds the 1600 character limit');
  if (from) checkMessageSender(from, findNumber(account, from) !== undefined);
  checkMessageTarget(to);
  const message = makeMessage(twin, account, { to, from: from ?? null, body, direction: 'outbound-api' });
  message.messaging_service_sid = service ?? null;
  if (account.isTest) return message;
  account.messages.add(message);
  deliver(twin, account, message, one(form, 'StatusCallback'));
  return message;
}

export type NewMessage = { to: string; from: string | null; body: string; direction: 'inbound' | 'outbound-api' };

export function makeMessage(twin: TwilioTwin, account: Account, given: NewMessage): Resource {
  const sid = twin.random.sid('SM');
  const uri = `${BASE}/Accounts/${account.sid}/Messages/${sid}`;
  const now = nowIn(twin.world.time.story);
  const isInbound = given.direction === 'inbound';
  return {
    sid,
    account_sid: account.sid,
    api_version: '2010-04-01',
    body: given.body,
    direction: given.direction,
    from: given.from,
    to: given.to,
    status: isInbound ? 'received' : 'queued',
    num_segments: String(Math.max(1, Math.ceil(given.body.length / CHARACTERS_PER_SEGMENT))),
    num_media: '0',
    price: null,
    price_unit: 'USD',
    error_code: null,
    error_message: null,
    messaging_service_sid: null,
    date_created: now,
    date_updated: now,
    date_sent: isInbound ? now : null,
    uri: `${uri}.json`,
    subresource_uris: { media: `${uri}/Media.json` },
  };
}

/** Moves a message on by itself, and tells its callback at each step. */
function deliver(twin: TwilioTwin, account: Account, message: Resource, callback: string | undefined): void {
  const { story } = twin.world.time;
  const move = (status: string) => {
    if (message.status === 'canceled') return;
    message.status = status;
    message.date_updated = nowIn(story);
    if (status === 'sent') message.date_sent = nowIn(story);
    if (callback) twin.engine.tell(account, callback, statusParams(account, message));
  };
  ['sending', 'sent', 'delivered'].forEach((status, index) => {
    story.setTimer(500 * (index + 1), () => move(status));
  });
}

function statusParams(account: Account, message: Resource): Record<string, string> {
  return {
    MessageSid: message.sid,
    SmsSid: message.sid,
    MessageStatus: String(message.status),
    To: String(message.to),
    From: String(message.from),
    AccountSid: account.sid,
    ApiVersion: '2010-04-01',
  };
}

function messageOf(account: Account, request: FastifyRequest): Resource {
  const { sid } = request.params as { sid: string };
  const message = account.messages.find(sid);
  if (!message) throw notFound(request.url.split('?')[0] ?? '');
  return message;
}

function filterOf(request: FastifyRequest): (message: Resource) => boolean {
  const query = request.query as Record<string, string>;
  return (message) =>
    (!query.To || message.to === query.To) &&
    (!query.From || message.from === query.From) &&
    isInTime(message.date_sent, query, 'DateSent');
}
