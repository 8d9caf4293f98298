/** The API as typed functions, one for each operation; types come from the contracts, so nothing of them is loaded. */
import {
  type Checked,
  type Get,
  type In,
  operationsOf,
  type Out,
  type Page,
  type Remove,
  type Signal,
  type Write,
} from './client-operations.ts';
import type { ApiRequest, Transport } from './client-transport.ts';
import type * as accounts from './features/accounts/contract.ts';
import type * as tools from './features/assistant-tools/contract.ts';
import type * as assistants from './features/assistants/contract.ts';
import type * as calls from './features/calls/contract.ts';
import type * as credentials from './features/credentials/contract.ts';
import type * as numbers from './features/phone-numbers/contract.ts';
import type * as routing from './features/phone-numbers/routing-contract.ts';
import type * as system from './features/system/contract.ts';
import type * as settings from './features/vapi-settings/contract.ts';

type Once = { idempotencyKey?: string | undefined };

export type Client = ReturnType<typeof createClient>;

export function createClient(send: Transport) {
  const get = <T>(path: string, expects: string[], { signal, ...query }: Signal = {}) =>
    send<T>({ method: 'GET', path, expects, query, signal });
  const post = <T>(path: string, body?: unknown, more: Partial<ApiRequest> = {}) =>
    send<T>({ method: 'POST', path, body, ...more });
  const put = <T>(path: string, body: unknown, more: Partial<ApiRequest> = {}) =>
    send<T>({ method: 'PUT', path, body, ...more });
  const remove = <T>(path: string, more: Partial<ApiRequest> = {}) => send<T>({ method: 'DELETE', path, ...more });

  return {
    auth: authOf(get, post),
    settings: settingsOf(get, post, put, remove),
    vapiCredential: {
      get: (on: Signal = {}) =>
        get<Out<typeof credentials.vapiCredentialSchema>>('/vapi/credentials', ['configured'], on),
      put: (body: In<typeof credentials.vapiCredentialBodySchema>) =>
        put<Out<typeof credentials.vapiCredentialSchema>>('/vapi/credentials', body),
      remove: () => remove<unknown>('/vapi/credentials'),
    },
    twilioCredential: {
      get: (on: Signal = {}) =>
        get<Out<typeof credentials.twilioCredentialSchema>>('/twilio/credentials', ['configured'], on),
      put: (body: In<typeof credentials.twilioCredentialBodySchema>) =>
        put<Out<typeof credentials.twilioCredentialSchema>>('/twilio/credentials', body),
      remove: () => remove<unknown>('/twilio/credentials'),
    },
    assistants: assistantsOf(get, post, put, remove),
    numbers: numbersOf(get, post, put),
    calls: callsOf(get, post, put, send),
    system: {
      info: (on: Signal = {}) => get<Out<typeof system.systemInfoSchema>>('/system/info', ['version'], on),
    },
    demo: {
      placeCall: (body: In<typeof system.rehearsalCallSchema> = {}) => post<unknown>('/demo/calls', body),
      breakVendor: (body: In<typeof system.rehearsalOutageSchema>) => post<unknown>('/demo/outages', body),
      mendVendor: (vendor: 'vapi' | 'twilio') => remove<unknown>(`/demo/outages/${vendor}`),
    },
    ...operationsOf(get, post, remove, send),
    events: (lastEventId: string | undefined, signal: AbortSignal) =>
      send<Response>({
        method: 'GET',
        path: '/events',
        as: 'stream',
        signal,
        headers: lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId },
      }),
  };
}

function authOf(get: Get, post: Write) {
  const anonymous = { anonymous: true, expects: ['access_token'] };
  return {
    login: (body: In<typeof accounts.loginBodySchema>) => post<accounts.SessionWire>('/auth/login', body, anonymous),
    refresh: (body: In<typeof accounts.refreshBodySchema>) =>
      post<accounts.SessionWire>('/auth/refresh', body, anonymous),
    logout: () => post<unknown>('/auth/logout', undefined, { anonymous: true }),
    switchTenant: (tenantId: string) =>
      post<accounts.SessionWire>('/auth/switch-tenant', { tenant_id: tenantId }, { expects: ['access_token'] }),
    changePassword: (body: In<typeof accounts.changePasswordBodySchema>) =>
      post<Out<typeof accounts.passwordChangedSchema>>('/auth/password', body),
    me: (on: Signal = {}) => get<accounts.MeWire>('/auth/me', ['user'], on),
  };
}

function settingsOf(get: Get, post: Write, put: Write, remove: Remove) {
  const of = (key: string) => `/vapi/settings/${encodeURIComponent(key)}`;
  return {
    list: (query: { assistant_id?: string | undefined } & Signal) =>
      get<settings.SettingsList>('/vapi/settings', ['settings'], query),
    put: (
      key: string,
      body: In<typeof settings.settingChangeSchema>,
      on: Checked & { assistant_id?: string | undefined },
    ) =>
      put<settings.SettingReply>(of(key), body, {
        ifMatch: on.ifMatch,
        query: { assistant_id: on.assistant_id },
        expects: ['setting'],
      }),
    remove: (key: string, on: Checked & { assistant_id?: string | undefined }) =>
      remove<settings.SettingRemoval>(of(key), { ifMatch: on.ifMatch, query: { assistant_id: on.assistant_id } }),
    history: (key: string | undefined, query: { assistant_id?: string | undefined } & Page) =>
      get<settings.SettingHistory>(
        key === undefined ? '/vapi/settings/history' : `${of(key)}/history`,
        ['versions'],
        query,
      ),
    restore: (
      key: string,
      body: In<typeof settings.settingRestoreSchema>,
      on: Checked & { assistant_id?: string | undefined },
    ) =>
      post<settings.SettingRemoval>(`${of(key)}/restore`, body, {
        ifMatch: on.ifMatch,
        query: { assistant_id: on.assistant_id },
      }),
    drift: (query: { assistant_id?: string | undefined } & Signal) =>
      get<settings.SettingsDrift>('/vapi/settings/drift', ['drift'], query),
    settleDrift: (body: In<typeof settings.driftActionSchema>, query: { assistant_id?: string | undefined }) =>
      post<settings.DriftOutcome>('/vapi/settings/drift', body, { query }),
  };
}

function assistantsOf(get: Get, post: Write, put: Write, remove: Remove) {
  const of = (id: string) => `/assistants/${encodeURIComponent(id)}`;
  return {
    list: (query: Page & { deleted?: 'true' | 'false' }) =>
      get<assistants.AssistantList>('/assistants', ['assistants'], query),
    get: (id: string, on: Signal = {}) => get<assistants.AssistantReply>(of(id), ['assistant'], on),
    create: (body: assistants.NewAssistant, once: Once) => post<assistants.AssistantReply>('/assistants', body, once),
    change: (id: string, body: assistants.AssistantChange, checked: Checked) =>
      put<assistants.AssistantReply>(of(id), body, { ...checked, expects: ['assistant'] }),
    duplicate: (id: string, body: { name?: string }, once: Once) =>
      post<assistants.AssistantReply>(`${of(id)}/duplicate`, body, once),
    remove: (id: string, checked: Checked) => remove<assistants.AssistantRemoval>(of(id), checked),
    restore: (id: string) => post<assistants.AssistantReply>(`${of(id)}/restore`),
    tools: (id: string, on: Signal = {}) => get<tools.AssistantToolList>(`${of(id)}/tools`, ['tools'], on),
    putTools: (id: string, body: In<typeof tools.assistantToolChangeSchema>, checked: Checked) =>
      put<tools.AssistantToolList>(`${of(id)}/tools`, body, { ...checked, expects: ['tools'] }),
  };
}

function numbersOf(get: Get, post: Write, put: Write) {
  const of = (sid: string) => `/twilio/numbers/${encodeURIComponent(sid)}`;
  return {
    list: (query: Page) => get<numbers.NumberList>('/twilio/numbers', ['numbers'], query),
    get: (sid: string, on: Signal = {}) => get<numbers.NumberReply>(of(sid), ['number'], on),
    import: (sid: string, body: In<typeof numbers.importNumberSchema>) =>
      post<numbers.NumberReply>(`${of(sid)}/import`, body),
    routing: (sid: string, on: Signal = {}) => get<routing.Routing>(`${of(sid)}/routing`, ['mode'], on),
    putRouting: (sid: string, body: In<typeof routing.routingInputSchema>, checked: Checked) =>
      put<routing.Routing>(`${of(sid)}/routing`, body, { ...checked, expects: ['mode'] }),
    routingNow: (on: Signal = {}) => get<routing.RoutingNow>('/twilio/numbers/routing/now', ['tests'], on),
    test: (sid: string, on: Signal = {}) => get<routing.RoutingTest>(`${of(sid)}/routing/test`, ['route'], on),
  };
}

type CallFilter = Omit<Partial<Out<typeof calls.callListQuerySchema>>, 'cursor' | 'limit'>;

function callsOf(get: Get, post: Write, put: Write, send: Transport) {
  const of = (id: string) => `/calls/${encodeURIComponent(id)}`;
  return {
    list: (query: CallFilter & Page) => get<Out<typeof calls.callListSchema>>('/calls', ['calls'], query),
    get: (id: string, on: Signal = {}) => get<Out<typeof calls.callReplySchema>>(of(id), ['call'], on),
    markRead: (id: string) => put<unknown>(`${of(id)}/read`),
    timeline: (id: string, on: Signal = {}) =>
      get<Out<typeof calls.callTimelineSchema>>(`${of(id)}/timeline`, ['timeline'], on),
    place: (body: In<typeof calls.placeCallSchema>, once: Once) =>
      post<Out<typeof calls.callReplySchema>>('/calls', body, once),
    stats: (query: { days?: number } & Signal) =>
      get<Out<typeof calls.callStatsSchema>>('/calls/stats', ['days'], query),
    limits: (on: Signal = {}) => get<Out<typeof calls.callLimitsSchema>>('/calls/limits', ['countries'], on),
    putLimits: (body: In<typeof calls.callLimitsSchema>) =>
      put<Out<typeof calls.callLimitsSchema>>('/calls/limits', body),
    retention: (on: Signal = {}) => get<Out<typeof calls.retentionSchema>>('/calls/retention', ['days'], on),
    putRetention: (body: In<typeof calls.retentionSchema>) =>
      put<Out<typeof calls.retentionSchema>>('/calls/retention', body),
    texts: (on: Signal = {}) => get<Out<typeof calls.callTextsSchema>>('/calls/texts', ['when'], on),
    putTexts: (body: In<typeof calls.callTextsSchema>) => put<Out<typeof calls.callTextsSchema>>('/calls/texts', body),
    completeness: (on: Signal = {}) => get<Out<typeof calls.completenessSchema>>('/calls/completeness', ['days'], on),
    recording: (path: string, on: Signal = {}) =>
      send<Blob>({ method: 'GET', path: path.replace(/^\/api\/v1/, ''), as: 'blob', signal: on.signal }),
  };
}
