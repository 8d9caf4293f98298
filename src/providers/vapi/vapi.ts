/**
 * Vapi's API as AVA uses it: a thin typed client over the guarded one. Every id is checked before it becomes part of an
 * address, since an odd one would name another resource; every answer is checked before it is believed.
 */
import { z } from 'zod';
import { currentContext } from '../../correlation.ts';
import type { Credential, Lane } from '../../resilience/guard.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { GuardedHttp, HttpAnswer, HttpRequest } from '../http.ts';
import { isUuid } from '../../uuid.ts';
import {
  assistantSchema,
  callSchema,
  phoneNumberSchema,
  type VapiAssistant,
  type VapiCall,
  type VapiPhoneNumber,
} from './shapes.ts';

/** `key` is a fingerprint that tells credentials apart without being one. */
export type VapiCredential = Credential & { apiKey: string };

export type VapiOptions = {
  /** `api` when not given. */
  lane?: Lane;
  /** For the whole operation, in milliseconds. */
  deadlineMs?: number;
  signal?: AbortSignal;
};

export type CallFilter = {
  assistantId?: string;
  phoneNumberId?: string;
  createdAtGe?: string;
  createdAtLe?: string;
  updatedAtGe?: string;
  /** At most this many calls in all. */
  most?: number;
};

/** What a recording or a log of a call is called in Vapi's addresses. */
export type Artifact =
  | 'mono-recording'
  | 'stereo-recording'
  | 'customer-recording'
  | 'assistant-recording'
  | 'call-logs';

/** Fields of an object as they are sent; unknown ones pass through. */
export type Fields = Record<string, unknown>;

export type Vapi = ReturnType<typeof createVapi>;

const PAGE = 100;
const LONGEST_PAGE = 1000;
const MOST_PAGES = 50;
const DEADLINE_MS = 8_000;
const ATTEMPT_MS = 5_000;

/** Every function rejects with an `UpstreamError`. */
export function createVapi({ http, baseUrl }: { http: GuardedHttp; baseUrl: string }) {
  const base = baseUrl.replace(/(?<!\/)\/+$/, '');

  function ask<T>(credential: VapiCredential, wanted: Wanted<T>, options: VapiOptions = {}): Promise<HttpAnswer<T>> {
    const { key, tenant, apiKey } = credential;
    const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    const context = currentContext();
    return http.request<T>({
      ...wanted,
      upstream: 'vapi',
      credential: { key, tenant },
      url: `${base}${wanted.path}`,
      headers: { authorization: `Bearer ${apiKey}` },
      lane: options.lane ?? 'api',
      deadlineMs,
      attemptTimeoutMs: Math.min(ATTEMPT_MS, deadlineMs),
      signal: options.signal,
      correlationId: context?.correlationId,
      traceparent: context?.traceparent,
      tracestate: context?.tracestate,
    });
  }

  async function body<T>(credential: VapiCredential, wanted: Wanted<T>, options?: VapiOptions): Promise<T> {
    return (await ask(credential, wanted, options)).body;
  }

  return {
    /** All of them, newest first. */
    listAssistants: (credential: VapiCredential, options?: VapiOptions): Promise<VapiAssistant[]> =>
      paged((query) =>
        body(credential, list('assistant.list', '/assistant', query, z.array(assistantSchema)), options),
      ),

    getAssistant: (credential: VapiCredential, id: string, options?: VapiOptions): Promise<VapiAssistant> =>
      body(credential, read('assistant.get', `/assistant/${checked(id)}`, assistantSchema), options),

    createAssistant: (credential: VapiCredential, fields: Fields, options?: VapiOptions): Promise<VapiAssistant> =>
      body(credential, create('assistant.create', '/assistant', fields, assistantSchema), options),

    /** Replaces each top-level field that is given, whole; the rest stays. */
    patchAssistant: (
      credential: VapiCredential,
      id: string,
      fields: Fields,
      options?: VapiOptions,
    ): Promise<VapiAssistant> =>
      body(credential, patch('assistant.patch', `/assistant/${checked(id)}`, fields, assistantSchema), options),

    /** Refused by Vapi with `conflict` while something there still uses it. */
    deleteAssistant: async (credential: VapiCredential, id: string, options?: VapiOptions): Promise<void> => {
      await ask(credential, remove('assistant.delete', `/assistant/${checked(id)}`), options);
    },

    listPhoneNumbers: (credential: VapiCredential, options?: VapiOptions): Promise<VapiPhoneNumber[]> =>
      paged((query) =>
        body(credential, list('phone_number.list', '/phone-number', query, z.array(phoneNumberSchema)), options),
      ),

    /** Vapi then writes its own addresses into the number at Twilio. Doing it twice gives two, so it is not repeated. */
    importPhoneNumber: (credential: VapiCredential, fields: Fields, options?: VapiOptions): Promise<VapiPhoneNumber> =>
      body(credential, create('phone_number.import', '/phone-number', fields, phoneNumberSchema), options),

    patchPhoneNumber: (
      credential: VapiCredential,
      id: string,
      fields: Fields,
      options?: VapiOptions,
    ): Promise<VapiPhoneNumber> =>
      body(
        credential,
        patch(
          'phone_number.patch',
          `/phone-number/${checked(id)}`,
          { provider: 'twilio', ...fields },
          phoneNumberSchema,
        ),
        options,
      ),

    deletePhoneNumber: async (credential: VapiCredential, id: string, options?: VapiOptions): Promise<void> => {
      await ask(credential, remove('phone_number.delete', `/phone-number/${checked(id)}`), options);
    },

    /** Rings somebody: never repeated, since Vapi knows no idempotency key. */
    createCall: (credential: VapiCredential, fields: Fields, options?: VapiOptions): Promise<VapiCall> =>
      body(credential, create('call.create', '/call', fields, callSchema), options),

    getCall: (credential: VapiCredential, id: string, options?: VapiOptions): Promise<VapiCall> =>
      body(credential, read('call.get', `/call/${checked(id)}`, callSchema), options),

    /** Newest first. */
    listCalls: (credential: VapiCredential, filter: CallFilter = {}, options?: VapiOptions): Promise<VapiCall[]> => {
      const { most, ...query } = filter;
      return paged(
        (page) => body(credential, list('call.list', '/call', { ...query, ...page }, z.array(callSchema)), options),
        most,
        query.createdAtLe,
      );
    },

    /** The short-lived address of a recording or log; undefined when Vapi has none. Never kept: it is a key by itself. */
    recordingLocation: async (
      credential: VapiCredential,
      callId: string,
      artifact: Artifact,
      options?: VapiOptions,
    ): Promise<string | undefined> => {
      const path = `/call/${checked(callId)}/${artifact}`;
      const wanted = { ...read('call.recording', path, z.unknown()), answer: 'bytes', redirect: 'answer' } as const;
      return (await ask(credential, wanted, options)).headers['location'];
    },

    /** Asks the cheapest question that needs the key. */
    probe: async (credential: VapiCredential, options?: VapiOptions): Promise<void> => {
      await ask(credential, list('probe', '/assistant', { limit: '1' }, z.array(z.unknown())), options);
    },
  };
}

type Wanted<T> = Pick<
  HttpRequest<T>,
  'operation' | 'method' | 'json' | 'repeatable' | 'expect' | 'answer' | 'redirect'
> & {
  path: string;
};

function read<T>(operation: string, path: string, expect: z.ZodType<T>): Wanted<T> {
  return { operation, method: 'GET', path, repeatable: true, expect };
}

function list<T>(operation: string, path: string, query: Record<string, string | undefined>, expect: z.ZodType<T>) {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return read(operation, `${path}?${new URLSearchParams(given).toString()}`, expect);
}

function create<T>(operation: string, path: string, json: Fields, expect: z.ZodType<T>): Wanted<T> {
  return { operation, method: 'POST', path, json, repeatable: false, expect };
}

// The same fields sent twice leave the same object, so a PATCH may be repeated.
function patch<T>(operation: string, path: string, json: Fields, expect: z.ZodType<T>): Wanted<T> {
  return { operation, method: 'PATCH', path, json, repeatable: true, expect };
}

function remove(operation: string, path: string): Wanted<unknown> {
  return { operation, method: 'DELETE', path, repeatable: true };
}

function checked(id: string): string {
  if (isUuid(id)) return id;
  throw new UpstreamError({ kind: 'invalid', upstream: 'vapi', connected: false, detail: 'the id is not a UUID' });
}

type Listed = { id: string; createdAt: string };

/**
 * Vapi's lists have no cursor: the next page is asked for by the time of the last item, that moment included, since
 * several may share it; those already seen are dropped.
 */
async function paged<T extends Listed>(
  ask: (query: { limit: string; createdAtLe?: string }) => Promise<T[]>,
  most = Infinity,
  from?: string,
): Promise<T[]> {
  const seen = new Map<string, T>();
  let until = from;
  let limit = PAGE;
  for (let page = 0; page < MOST_PAGES && seen.size < most; page += 1) {
    const items = await ask({ limit: String(limit), ...(until !== undefined && { createdAtLe: until }) });
    const before = seen.size;
    for (const item of items) if (!seen.has(item.id)) seen.set(item.id, item);
    const last = items.at(-1);
    if (items.length < limit || last === undefined) break;
    if (seen.size > before) {
      until = last.createdAt;
    } else {
      // A whole page of one moment, all known: only a longer page can reach beyond it.
      if (limit === LONGEST_PAGE) break;
      limit = LONGEST_PAGE;
    }
  }
  return [...seen.values()].slice(0, most);
}
