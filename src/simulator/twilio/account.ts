import type { Clock } from '../../clock.ts';
import type { Random } from '../random.ts';
import { createResources, type Resource, type Resources, rfc2822 } from './records.ts';

export type Account = {
  sid: string;
  authToken: string;
  friendlyName: string;
  status: 'active' | 'suspended' | 'closed';
  /** Itself, or the parent of a subaccount. */
  ownerSid: string;
  /** Test credentials reach three operations and nothing else. */
  isTest: boolean;
  createdAt: string;
  /** API keys: SID to secret. */
  keys: Map<string, string>;
  numbers: Resources;
  calls: Resources;
  messages: Resources;
  recordings: Resources;
  /** Errors and warnings, each with its `call_sid`. */
  notifications: Resources;
  /** The requests that Twilio made for a call, by call SID. */
  events: Map<string, unknown[]>;
};

export type NewAccount = {
  sid?: string;
  authToken?: string;
  friendlyName?: string;
  ownerSid?: string;
  isTest?: boolean;
  /** Numbers that the account owns from the start, in E.164. */
  numbers?: { phoneNumber: string; friendlyName?: string }[];
};

export function createAccount(given: NewAccount, { random, story }: { random: Random; story: Clock }): Account {
  const sid = given.sid ?? random.sid('AC');
  const account: Account = {
    sid,
    authToken: given.authToken ?? random.hex(32),
    friendlyName: given.friendlyName ?? 'Simulated account',
    status: 'active',
    ownerSid: given.ownerSid ?? sid,
    isTest: given.isTest ?? false,
    createdAt: rfc2822(story.now()),
    keys: new Map(),
    numbers: createResources(),
    calls: createResources(),
    messages: createResources(),
    recordings: createResources(),
    notifications: createResources(),
    events: new Map(),
  };
  for (const number of given.numbers ?? []) {
    account.numbers.add(makeNumber({ ...number, account, sid: random.sid('PN'), now: rfc2822(story.now()) }));
  }
  return account;
}

export type NewNumber = { account: Account; sid: string; phoneNumber: string; friendlyName?: string; now: string };

/** A number as Twilio hands it out: able to ring, with no address to ask what to do. */
export function makeNumber({ account, sid, phoneNumber, friendlyName, now }: NewNumber): Resource {
  return {
    sid,
    account_sid: account.sid,
    friendly_name: friendlyName ?? phoneNumber,
    phone_number: phoneNumber,
    api_version: '2010-04-01',
    voice_url: '',
    voice_method: 'POST',
    voice_fallback_url: '',
    voice_fallback_method: 'POST',
    voice_caller_id_lookup: false,
    voice_application_sid: null,
    voice_receive_mode: 'voice',
    trunk_sid: null,
    status_callback: '',
    status_callback_method: 'POST',
    sms_url: '',
    sms_method: 'POST',
    sms_fallback_url: '',
    sms_fallback_method: 'POST',
    sms_application_sid: null,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    address_requirements: 'none',
    address_sid: null,
    identity_sid: null,
    bundle_sid: null,
    beta: false,
    origin: 'twilio',
    status: 'in-use',
    type: 'local',
    emergency_status: 'Inactive',
    emergency_address_sid: null,
    emergency_address_status: 'unregistered',
    date_created: now,
    date_updated: now,
    uri: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers/${sid}.json`,
  };
}
