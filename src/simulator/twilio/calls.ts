import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account } from './account.ts';
import { makeCall } from './call-record.ts';
import { notFound, refuse } from './errors.ts';
import { checkCallSender, checkCallTarget } from './magic.ts';
import { findNumber, type Form, formOf, isWebUrl, one } from './numbers.ts';
import { pageOf } from './paging.ts';
import type { Resource } from './records.ts';
import { isInTime } from './time-filter.ts';
import { accountOf, BASE, type TwilioTwin } from './twin.ts';

const LIST = `${BASE}/Accounts/:accountSid/Calls`;
const ONE = `${LIST}/:sid(^CA[0-9a-f]{32})`;
const FINAL = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

export function callRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  app.get(`${LIST}.json`, (request) => {
    const account = accountOf(twin, request);
    return pageOf(request, 'calls', account.calls.all().filter(filterOf(request)));
  });

  app.post(`${LIST}.json`, (request, reply) => {
    const account = accountOf(twin, request, { allowsTest: true });
    return reply.code(201).send(createCall(twin, account, formOf(request)));
  });

  app.get(`${ONE}.json`, (request) => callOf(accountOf(twin, request), request));

  app.post(`${ONE}.json`, (request) => {
    const call = callOf(accountOf(twin, request), request);
    return changeCall(twin, call, formOf(request));
  });

  app.delete(`${ONE}.json`, (request, reply) => {
    const account = accountOf(twin, request);
    const call = callOf(account, request);
    if (!FINAL.has(String(call.status))) throw refuse(21220, 'Call is still in progress');
    account.calls.remove(call.sid);
    return reply.code(204).send();
  });

  app.get(`${LIST}/:sid/Notifications.json`, (request) => {
    const account = accountOf(twin, request);
    const { sid } = callOf(account, request);
    const found = account.notifications.all().filter((notification) => notification.call_sid === sid);
    return pageOf(request, 'notifications', found);
  });

  app.get(`${LIST}/:sid/Events.json`, (request) => {
    const account = accountOf(twin, request);
    const events = account.events.get(callOf(account, request).sid) ?? [];
    return pageOf(request, 'events', events as { sid?: unknown }[]);
  });
}

function createCall(twin: TwilioTwin, account: Account, form: Form): Resource {
  const to = one(form, 'To');
  const from = one(form, 'From');
  if (!to) throw refuse(21201, "No 'To' number is specified");
  if (!from) throw refuse(21213, "No 'From' number is specified");
  checkCallSender(from, findNumber(account, from) !== undefined);
  checkCallTarget(to);
  checkInstructions(form);
  const call = makeCall(twin, account, { to, from, direction: 'outbound-api' });
  if (account.isTest) return call;
  account.calls.add(call);
  const answer = { ...call };
  twin.engine.startOutbound(account, call.sid, form);
  return answer;
}

function checkInstructions(form: Form): void {
  const url = one(form, 'Url');
  const twiml = one(form, 'Twiml');
  if (!url && !twiml && !one(form, 'ApplicationSid')) throw refuse(21205, 'Url parameter is required');
  if (url && !isWebUrl(url)) throw refuse(21205, 'Url is not a valid URL');
  if (!url && twiml && twiml.length > 4000) throw refuse(21205, 'Twiml is longer than 4000 characters');
}

function changeCall(twin: TwilioTwin, call: Resource, form: Form): Resource {
  if (FINAL.has(String(call.status))) throw refuse(21220, 'Call is not in-progress. Cannot redirect.');
  const status = one(form, 'Status');
  const url = one(form, 'Url');
  const twiml = one(form, 'Twiml');
  const method = one(form, 'Method');
  if (status === 'completed' || status === 'canceled') {
    if (status === 'canceled' && call.status === 'in-progress') throw refuse(21220, 'Call is already in progress');
    call.status = status;
    twin.engine.changeCall(call.sid, { hangUp: true });
  } else if (url || twiml) {
    twin.engine.changeCall(call.sid, { ...(url && { url }), ...(twiml && { twiml }), ...(method && { method }) });
  }
  return call;
}

export function callOf(account: Account, request: FastifyRequest): Resource {
  const { sid } = request.params as { sid: string };
  const call = account.calls.find(sid);
  if (!call) throw notFound(request.url.split('?')[0] ?? '');
  return call;
}

function filterOf(request: FastifyRequest): (call: Resource) => boolean {
  const query = request.query as Record<string, string>;
  return (call) =>
    (!query.To || call.to === query.To) &&
    (!query.From || call.from === query.From) &&
    (!query.Status || call.status === query.Status) &&
    (!query.ParentCallSid || call.parent_call_sid === query.ParentCallSid) &&
    isInTime(call.start_time ?? call.date_created, query, 'StartTime') &&
    isInTime(call.end_time, query, 'EndTime');
}
