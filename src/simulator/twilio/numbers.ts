import type { FastifyInstance, FastifyRequest } from 'fastify';
import { globMatches } from '../glob.ts';
import { type Account, makeNumber } from './account.ts';
import { notFound, refuse } from './errors.ts';
import { checkBought } from './magic.ts';
import { pageOf } from './paging.ts';
import { nowIn, type Resource } from './records.ts';
import { accountOf, BASE, type TwilioTwin } from './twin.ts';

const LIST = `${BASE}/Accounts/:accountSid/IncomingPhoneNumbers`;
const ONE = `${LIST}/:sid(^PN[0-9a-f]{32}).json`;

export function numberRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  for (const path of [`${LIST}.json`, `${LIST}/Local.json`]) {
    app.get(path, (request) => {
      const account = accountOf(twin, request);
      return pageOf(request, 'incoming_phone_numbers', account.numbers.all().filter(filterOf(request)));
    });
    app.post(path, (request, reply) => {
      const account = accountOf(twin, request, { allowsTest: true });
      return reply.code(201).send(buyNumber(twin, account, formOf(request)));
    });
  }

  app.get(ONE, (request) => numberOf(accountOf(twin, request), request));

  app.post(ONE, (request) => {
    const number = numberOf(accountOf(twin, request), request);
    return changeNumber(twin, number, formOf(request));
  });

  app.delete(ONE, (request, reply) => {
    const account = accountOf(twin, request);
    account.numbers.remove(numberOf(account, request).sid);
    return reply.code(204).send();
  });
}

export type Form = Record<string, string | string[] | undefined>;

export function formOf(request: FastifyRequest): Form {
  return (request.body ?? {}) as Form;
}

export function one(form: Form, name: string): string | undefined {
  const value = form[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

function buyNumber(twin: TwilioTwin, account: Account, form: Form): Resource {
  const areaCode = one(form, 'AreaCode');
  const phoneNumber = one(form, 'PhoneNumber') ?? (areaCode && `+1${areaCode}55501${twin.random.integer(10, 99)}`);
  checkBought(phoneNumber, areaCode);
  if (!phoneNumber) throw refuse(21404, 'PhoneNumber or AreaCode is required');
  if (!/^\+[1-9]\d{6,14}$/.test(phoneNumber)) throw refuse(21421, `${phoneNumber} is not valid`);
  if (twin.accounts.some((owner) => findNumber(owner, phoneNumber))) {
    throw refuse(21422, `${phoneNumber} is not available`);
  }
  const now = nowIn(twin.world.time.story);
  const number = changeNumber(twin, makeNumber({ account, sid: twin.random.sid('PN'), phoneNumber, now }), form);
  return account.isTest ? number : account.numbers.add(number);
}

export function findNumber(account: Account, phoneNumber: string): Resource | undefined {
  return account.numbers.all().find((number) => number.phone_number === phoneNumber);
}

const TEXT_FIELDS: Record<string, string> = {
  FriendlyName: 'friendly_name',
  VoiceUrl: 'voice_url',
  VoiceMethod: 'voice_method',
  VoiceFallbackUrl: 'voice_fallback_url',
  VoiceFallbackMethod: 'voice_fallback_method',
  VoiceApplicationSid: 'voice_application_sid',
  VoiceReceiveMode: 'voice_receive_mode',
  TrunkSid: 'trunk_sid',
  StatusCallback: 'status_callback',
  StatusCallbackMethod: 'status_callback_method',
  SmsUrl: 'sms_url',
  SmsMethod: 'sms_method',
  SmsFallbackUrl: 'sms_fallback_url',
  SmsFallbackMethod: 'sms_fallback_method',
  SmsApplicationSid: 'sms_application_sid',
  AddressSid: 'address_sid',
  IdentitySid: 'identity_sid',
  BundleSid: 'bundle_sid',
  EmergencyStatus: 'emergency_status',
  EmergencyAddressSid: 'emergency_address_sid',
};

function changeNumber(twin: TwilioTwin, number: Resource, form: Form): Resource {
  for (const [parameter, field] of Object.entries(TEXT_FIELDS)) {
    const value = one(form, parameter);
    if (value === undefined) continue;
    checkParameter(parameter, value);
    number[field] = field.endsWith('_sid') && value === '' ? null : value;
  }
  const lookup = one(form, 'VoiceCallerIdLookup');
  if (lookup !== undefined) number.voice_caller_id_lookup = lookup === 'true';
  number.date_updated = nowIn(twin.world.time.story);
  return number;
}

const SID_FIELDS: Record<string, RegExp> = {
  VoiceApplicationSid: /^(AP[0-9a-fA-F]{32})?$/,
  SmsApplicationSid: /^(AP[0-9a-fA-F]{32})?$/,
  TrunkSid: /^(TK[0-9a-fA-F]{32})?$/,
};

function checkParameter(parameter: string, value: string): void {
  if (parameter === 'FriendlyName' && value.length > 64)
    throw refuse(21402, 'FriendlyName is longer than 64 characters');
  if (parameter.endsWith('Method') && value !== 'GET' && value !== 'POST')
    throw refuse(21403, `${parameter} is not valid`);
  if (/Url$|^StatusCallback$/.test(parameter) && value !== '' && !isWebUrl(value)) {
    throw refuse(21402, `${parameter} is not valid`);
  }
  if (SID_FIELDS[parameter]?.test(value) === false) throw refuse(21401, `${parameter} is not valid`);
}

export function isWebUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function numberOf(account: Account, request: FastifyRequest): Resource {
  const { sid } = request.params as { sid: string };
  const number = account.numbers.find(sid);
  if (!number) throw notFound(request.url.split('?')[0] ?? '');
  return number;
}

function filterOf(request: FastifyRequest): (number: Resource) => boolean {
  const { PhoneNumber, FriendlyName } = request.query as Record<string, string>;
  const digits = PhoneNumber?.replaceAll(/[^\d*+]/g, '');
  return (number) =>
    (!digits || globMatches(`*${digits}*`, String(number.phone_number))) &&
    (!FriendlyName || number.friendly_name === FriendlyName);
}
