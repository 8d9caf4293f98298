/**
 * Twilio's REST API as AVA uses it: a thin typed client over the guarded one. One look-up of the client per request;
 * every SID is checked before it becomes part of an address; every answer is checked before it is believed.
 */
import { z } from 'zod';
import { currentContext } from '../../correlation.ts';
import type { Lane } from '../../resilience/guard.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { GuardedHttp, HttpRequest } from '../http.ts';
import type { ClientCache, TwilioClient, TwilioCredential } from './clients.ts';
import {
  accountSchema,
  balanceSchema,
  callSchema,
  messageSchema,
  numberSchema,
  type TwilioAccount,
  type TwilioBalance,
  type TwilioCall,
  type TwilioMessage,
  type TwilioNumber,
} from './shapes.ts';

export type TwilioOptions = {
  /** `api` when not given. */
  lane?: Lane;
  /** For one request, in milliseconds. */
  deadlineMs?: number;
  signal?: AbortSignal;
};

/** Parameters in Twilio's own PascalCase; a list repeats its key. */
export type Parameters = Readonly<Record<string, string | readonly string[]>>;

export type TwilioRest = ReturnType<typeof createTwilioRest>;

const DEADLINE_MS = 8_000;
const ATTEMPT_MS = 5_000;
const PAGE = '100';
const MOST_PAGES = 50;

/** Every function rejects with an `UpstreamError`; Twilio's own code is in its `body.code`. */
export function createTwilioRest({
  http,
  clients,
  baseUrl,
}: {
  http: GuardedHttp;
  clients: ClientCache;
  baseUrl: string;
}) {
  async function ask<T>(credential: TwilioCredential, wanted: Wanted<T>, options: TwilioOptions = {}): Promise<T> {
    const client = clients.clientFor(credential);
    const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    const context = currentContext();
    const answer = await http.request<T>({
      ...wanted,
      upstream: 'twilio',
      credential: { key: credential.key, tenant: credential.tenant },
      url: addressOf(client, wanted.path, baseUrl),
      headers: { authorization: client.authorization },
      lane: options.lane ?? 'api',
      deadlineMs,
      attemptTimeoutMs: Math.min(ATTEMPT_MS, deadlineMs),
      signal: options.signal,
      correlationId: context?.correlationId,
      traceparent: context?.traceparent,
      tracestate: context?.tracestate,
    });
    return answer.body;
  }

  return {
    /** All numbers of the account. */
    listNumbers: (
      credential: TwilioCredential,
      filter: Parameters = {},
      options?: TwilioOptions,
    ): Promise<TwilioNumber[]> => everyPage(ask, credential, { ...NUMBERS, filter, options }),

    getNumber: (credential: TwilioCredential, sid: string, options?: TwilioOptions): Promise<TwilioNumber> =>
      ask(credential, read('number.get', `/IncomingPhoneNumbers/${checked(sid, 'PN')}.json`, numberSchema), options),

    /** Setting the same values twice does no harm. */
    updateNumber: (
      credential: TwilioCredential,
      sid: string,
      values: Parameters,
      options?: TwilioOptions,
    ): Promise<TwilioNumber> => {
      const path = `/IncomingPhoneNumbers/${checked(sid, 'PN')}.json`;
      return ask(credential, { ...post('number.update', path, values, numberSchema), repeatable: true }, options);
    },

    /** Rings somebody: never repeated after Twilio may have taken it. */
    createCall: (credential: TwilioCredential, values: Parameters, options?: TwilioOptions): Promise<TwilioCall> =>
      ask(credential, post('call.create', '/Calls.json', values, callSchema), options),

    getCall: (credential: TwilioCredential, sid: string, options?: TwilioOptions): Promise<TwilioCall> =>
      ask(credential, read('call.get', `/Calls/${checked(sid, 'CA')}.json`, callSchema), options),

    /** Newest first. `most` bounds how many are read. */
    listCalls: (
      credential: TwilioCredential,
      filter: Parameters = {},
      options?: TwilioOptions & { most?: number },
    ): Promise<TwilioCall[]> => everyPage(ask, credential, { ...CALLS, filter, options }),

    /** Hang up, cancel, or give new instructions. Safe to repeat: the call is in that state or refuses. */
    updateCall: (
      credential: TwilioCredential,
      sid: string,
      values: Parameters,
      options?: TwilioOptions,
    ): Promise<TwilioCall> => {
      const path = `/Calls/${checked(sid, 'CA')}.json`;
      return ask(credential, { ...post('call.update', path, values, callSchema), repeatable: true }, options);
    },

    /** Sends a message: never repeated after Twilio may have taken it. */
    createMessage: (
      credential: TwilioCredential,
      values: Parameters,
      options?: TwilioOptions,
    ): Promise<TwilioMessage> =>
      ask(credential, post('message.create', '/Messages.json', values, messageSchema), options),

    getMessage: (credential: TwilioCredential, sid: string, options?: TwilioOptions): Promise<TwilioMessage> =>
      ask(credential, read('message.get', `/Messages/${checked(sid, '(SM|MM)')}.json`, messageSchema), options),

    /** Newest first. `most` bounds how many are read. */
    listMessages: (
      credential: TwilioCredential,
      filter: Parameters = {},
      options?: TwilioOptions & { most?: number },
    ): Promise<TwilioMessage[]> => everyPage(ask, credential, { ...MESSAGES, filter, options }),

    /** Without its auth token, which Twilio's answer holds. */
    getAccount: (credential: TwilioCredential, options?: TwilioOptions): Promise<TwilioAccount> =>
      ask(credential, read('account.get', '.json', accountSchema), options),

    /** Of a main account; a subaccount has none. */
    getBalance: (credential: TwilioCredential, options?: TwilioOptions): Promise<TwilioBalance> =>
      ask(credential, read('balance.get', '/Balance.json', balanceSchema), options),

    /** Asks the cheapest question that needs the credentials and works with every kind of key. */
    probe: async (credential: TwilioCredential, options?: TwilioOptions): Promise<void> => {
      await ask(credential, read('probe', '/IncomingPhoneNumbers.json?PageSize=1', z.looseObject({})), options);
    },
  };
}

type Wanted<T> = Pick<HttpRequest<T>, 'operation' | 'method' | 'form' | 'repeatable' | 'expect'> & { path: string };
type Ask = <T>(credential: TwilioCredential, wanted: Wanted<T>, options?: TwilioOptions) => Promise<T>;

const NUMBERS = {
  operation: 'number.list',
  path: '/IncomingPhoneNumbers.json',
  page: pageOf('incoming_phone_numbers', numberSchema),
};
const CALLS = { operation: 'call.list', path: '/Calls.json', page: pageOf('calls', callSchema) };
const MESSAGES = { operation: 'message.list', path: '/Messages.json', page: pageOf('messages', messageSchema) };

function read<T>(operation: string, path: string, expect: z.ZodType<T>): Wanted<T> {
  return { operation, method: 'GET', path, repeatable: true, expect };
}

function post<T>(operation: string, path: string, form: Parameters, expect: z.ZodType<T>): Wanted<T> {
  return { operation, method: 'POST', path, form, repeatable: false, expect };
}

type Page<T> = { items: T[]; next: string | null };

function pageOf<T>(name: string, item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z
    .looseObject({ [name]: z.array(item), next_page_uri: z.string().nullish() })
    .transform((answer) => ({ items: answer[name] as T[], next: (answer['next_page_uri'] as string | null) ?? null }));
}

type Listing<T> = {
  operation: string;
  path: string;
  page: z.ZodType<Page<T>>;
  filter: Parameters;
  options: (TwilioOptions & { most?: number }) | undefined;
};

/** Follows Twilio's own link to the next page; addresses of pages are never built by hand. */
async function everyPage<T>(ask: Ask, credential: TwilioCredential, listing: Listing<T>): Promise<T[]> {
  const { operation, page, options } = listing;
  const most = options?.most ?? Infinity;
  const found: T[] = [];
  const query = new URLSearchParams({ PageSize: PAGE });
  for (const [name, value] of Object.entries(listing.filter)) for (const one of [value].flat()) query.append(name, one);
  let path: string | null = `${listing.path}?${query.toString()}`;
  for (let count = 0; path !== null && count < MOST_PAGES && found.length < most; count += 1) {
    const answer: Page<T> = await ask(credential, read(operation, path, page), options);
    found.push(...answer.items);
    path = answer.next;
  }
  return found.slice(0, most);
}

/** A path below the account, or the link to a page, which is complete from the root and must stay within the account. */
function addressOf(client: TwilioClient, path: string, baseUrl: string): string {
  if (!path.startsWith('/2010-04-01/')) return `${client.accountUrl}${path}`;
  const address = new URL(path, baseUrl).href;
  if (address.startsWith(`${client.accountUrl}/`)) return address;
  throw new UpstreamError({
    kind: 'upstream',
    upstream: 'twilio',
    connected: true,
    detail: 'its link to the next page leads out of the account',
  });
}

function checked(sid: string, prefix: string): string {
  if (new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(sid)) return sid;
  throw new UpstreamError({ kind: 'invalid', upstream: 'twilio', connected: false, detail: 'the SID is not valid' });
}
