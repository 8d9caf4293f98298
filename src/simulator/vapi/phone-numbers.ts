import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusal } from './errors.ts';
import { bodyOf, listOf, storedOf } from './requests.ts';
import { isObject } from './rules.ts';
import { phoneNumberShapes } from './shapes.ts';
import type { Org, Stored } from './store.ts';
import { orgOf, type VapiTwin } from './twin.ts';

export function phoneNumberRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/phone-number', (request, reply) => {
    const org = orgOf(twin, request);
    return reply.code(201).send(addPhoneNumber(twin, org, request));
  });

  app.get('/phone-number', (request) => listOf(request, orgOf(twin, request).phoneNumbers));

  app.get('/v2/phone-number', (request) => pageOf(request, orgOf(twin, request)));

  app.get('/phone-number/:id', (request) => storedOf(request, orgOf(twin, request).phoneNumbers, 'Phone number'));

  app.patch('/phone-number/:id', (request) => {
    const org = orgOf(twin, request);
    const number = storedOf(request, org.phoneNumbers, 'Phone number');
    const body = bodyOf(request, shapeFor(number.provider).fields);
    if (body.provider !== undefined && body.provider !== number.provider) {
      throw refusal(400, [`provider must be equal to ${String(number.provider)}`]);
    }
    checkAssistant(org, body);
    return org.phoneNumbers.patch(number.id, body);
  });

  app.delete('/phone-number/:id', (request) => {
    const org = orgOf(twin, request);
    const number = storedOf(request, org.phoneNumbers, 'Phone number');
    if (number.provider === 'twilio') {
      twin.phones.releaseNumber({ accountSid: String(number.twilioAccountSid), number: String(number.number) });
    }
    return org.phoneNumbers.remove(number.id);
  });
}

function addPhoneNumber(twin: VapiTwin, org: Org, request: FastifyRequest): Stored {
  const provider = isObject(request.body) ? request.body.provider : undefined;
  const shape = shapeFor(provider);
  const body = bodyOf(request, shape.fields, shape.required);
  checkAssistant(org, body);
  if (provider === 'twilio') importFromTwilio(twin, org, body);
  const smsEnabled = provider === 'twilio' ? { smsEnabled: body.smsEnabled ?? true } : {};
  return org.phoneNumbers.add({ ...body, ...smsEnabled, status: 'active' });
}

/** Vapi takes the number over: it rewrites the webhooks at Twilio, but leaves the fallback URL alone. */
function importFromTwilio(twin: VapiTwin, org: Org, body: Record<string, unknown>): void {
  const { number, twilioAccountSid } = body;
  const secret = body.twilioAuthToken ?? body.twilioApiSecret;
  if (secret === undefined) throw refusal(400, ['twilioAuthToken should not be empty']);
  if (org.phoneNumbers.all().some((known) => known.number === number)) {
    throw refusal(400, `Existing Phone Number ${String(number)} Found. Number already in use.`);
  }
  const outcome = twin.phones.importNumber({
    accountSid: String(twilioAccountSid),
    secret: String(secret),
    number: String(number),
    voiceUrl: `${twin.url}/twilio/inbound_call`,
    statusCallback: `${twin.url}/twilio/status`,
    ...(body.smsEnabled !== false && { smsUrl: `${twin.url}/twilio/sms` }),
  });
  if (outcome === 'unauthorised') throw refusal(400, 'Twilio Error: Authenticate');
  if (outcome === 'unknown_number') throw refusal(400, `Number ${String(number)} Not Found on Twilio.`);
}

function checkAssistant(org: Org, body: Record<string, unknown>): void {
  const { assistantId } = body;
  if (typeof assistantId === 'string' && !org.assistants.find(assistantId)) {
    throw refusal(400, `Couldn't Get Assistant. ${assistantId} does not exist.`);
  }
}

function shapeFor(provider: unknown) {
  const shape = typeof provider === 'string' ? phoneNumberShapes[provider] : undefined;
  if (shape) return shape;
  throw refusal(400, [`provider must be one of the following values: ${Object.keys(phoneNumberShapes).join(', ')}`]);
}

/** The one list with pages and a total. */
function pageOf(request: FastifyRequest, org: Org): unknown {
  const query = request.query as Record<string, string>;
  const page = Math.max(1, Number(query.page ?? 1));
  const itemsPerPage = Math.min(1000, Number(query.limit ?? 100));
  const sortOrder = query.sortOrder === 'ASC' ? 'ASC' : 'DESC';
  const found = org.phoneNumbers.all().filter((number) => matches(number, query.search));
  if (sortOrder === 'ASC') found.reverse();
  const results = found.slice((page - 1) * itemsPerPage, page * itemsPerPage);
  const totalPages = Math.ceil(found.length / itemsPerPage);
  const hasNextPage = page < totalPages;
  return {
    results,
    metadata: { itemsPerPage, totalItems: found.length, currentPage: page, totalPages, hasNextPage, sortOrder },
  };
}

function matches(number: Stored, search: string | undefined): boolean {
  if (!search) return true;
  return [number.number, number.name].some((field) => typeof field === 'string' && field.includes(search));
}
