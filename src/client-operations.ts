/** The part of the client that people and operators use beside the telephone: members, vendors, what went wrong. */
import type { z } from 'zod';
import type { ApiRequest, Transport } from './client-transport.ts';
import type * as accounts from './features/accounts/contract.ts';
import type * as alerts from './features/alerts/contract.ts';
import type * as audit from './features/audit/contract.ts';
import type * as calendars from './features/calendars/contract.ts';
import type * as messaging from './features/messaging/contract.ts';
import type * as releases from './features/releases/contract.ts';
import type * as system from './features/system/contract.ts';
import type * as webhooks from './features/webhook-inbox/contract.ts';

export type Out<Schema extends z.ZodType> = z.output<Schema>;
export type In<Schema extends z.ZodType> = z.input<Schema>;
export type Signal = { signal?: AbortSignal | undefined };
export type Page = Signal & { cursor?: string | undefined; limit?: number };
export type Checked = { ifMatch?: string | undefined };
export type Get = <T>(path: string, expects: string[], query?: Signal) => Promise<T>;
export type Write = <T>(path: string, body?: unknown, more?: Partial<ApiRequest>) => Promise<T>;
export type Remove = <T>(path: string, more?: Partial<ApiRequest>) => Promise<T>;

export function operationsOf(get: Get, post: Write, remove: Remove, send: Transport) {
  return {
    members: membersOf(get, post, remove, send),
    alerts: alertsOf(get, post, remove),
    calendars: calendarsOf(get, post, remove),
    webhooks: {
      list: (query: { state?: webhooks.WebhookState | undefined; vendor?: 'vapi' | 'twilio' | undefined } & Page) =>
        get<Out<typeof webhooks.webhookEventListSchema>>('/ops/webhooks', ['webhooks'], query),
      get: (id: string, on: Signal = {}) =>
        get<Out<typeof webhooks.webhookDetailSchema>>(`/ops/webhooks/${id}`, ['webhook'], on),
      replay: (id: string) => post<Out<typeof webhooks.webhookReplySchema>>(`/ops/webhooks/${id}/replay`),
    },
    audit: {
      list: (query: { action?: string | undefined; actor?: string | undefined } & Page) =>
        get<Out<typeof audit.auditListSchema>>('/ops/audit', ['entries'], query),
      verify: (on: Signal = {}) => get<audit.AuditVerificationWire>('/ops/audit/verification', ['intact'], on),
    },
    circuits: {
      list: (on: Signal = {}) =>
        get<Out<typeof system.circuitListSchema>>('/ops/circuit-breakers', ['circuit_breakers'], on),
      isolate: (circuit: string, body: In<typeof system.isolateSchema>) =>
        post<unknown>(`/ops/circuit-breakers/${encodeURIComponent(circuit)}/isolate`, body),
      close: (circuit: string, body: In<typeof system.closeSchema>) =>
        post<unknown>(`/ops/circuit-breakers/${encodeURIComponent(circuit)}/close`, body),
    },
    releases: {
      list: (query: Page) => get<Out<typeof releases.releaseListSchema>>('/ops/releases', ['releases'], query),
    },
    verifications: {
      list: (query: Page) =>
        get<Out<typeof releases.verificationListSchema>>('/ops/verifications', ['verifications'], query),
      get: (id: string, on: Signal = {}) =>
        get<Out<typeof releases.verificationReplySchema>>(`/ops/verifications/${id}`, ['verification'], on),
    },
    messages: {
      list: (
        query: {
          channel?: messaging.SentMessageChannel | undefined;
          state?: messaging.MessageState | undefined;
        } & Page,
      ) => get<Out<typeof messaging.sentMessageListSchema>>('/messages', ['messages'], query),
    },
    email: {
      test: (body: messaging.EmailTestBody) =>
        post<messaging.EmailTestWire>('/integrations/email/test', body, { expects: ['note'] }),
    },
  };
}

function membersOf(get: Get, post: Write, remove: Remove, send: Transport) {
  return {
    list: (query: Page) => get<Out<typeof accounts.memberListSchema>>('/members', ['members'], query),
    add: (body: In<typeof accounts.addMemberBodySchema>) =>
      post<Out<typeof accounts.memberAnswerSchema>>('/members', body),
    change: (userId: string, body: In<typeof accounts.changeMemberBodySchema>, checked: Checked) =>
      send<Out<typeof accounts.memberAnswerSchema>>({ method: 'PATCH', path: `/members/${userId}`, body, ...checked }),
    remove: (userId: string, checked: Checked) => remove<unknown>(`/members/${userId}`, checked),
  };
}

function alertsOf(get: Get, post: Write, remove: Remove) {
  return {
    list: (query: { state?: 'open' | 'resolved' } & Page) =>
      get<Out<typeof alerts.alertListSchema>>('/ops/alerts', ['alerts'], query),
    acknowledge: (id: string) => post<Out<typeof alerts.alertReplySchema>>(`/ops/alerts/${id}/acknowledge`),
    silence: (body: In<typeof alerts.silenceBodySchema>) =>
      post<Out<typeof alerts.silenceReplySchema>>('/ops/alerts/silences', body),
    endSilence: (id: string) => remove<unknown>(`/ops/alerts/silences/${id}`),
    channels: (on: Signal = {}) =>
      get<Out<typeof alerts.alertChannelListSchema>>('/ops/alerts/channels', ['channels'], on),
    traffic: (on: Signal = {}) => get<Out<typeof alerts.trafficSchema>>('/ops/traffic', ['minutes'], on),
    test: (body: In<typeof alerts.alertTestBodySchema>) => post<alerts.AlertTestWire>('/ops/alerts/test', body),
  };
}

function calendarsOf(get: Get, post: Write, remove: Remove) {
  const of = (provider: calendars.CalendarProvider) => `/integrations/calendar/${provider}`;
  return {
    connections: (on: Signal = {}) =>
      get<Out<typeof calendars.calendarConnectionListSchema>>('/integrations/calendar', ['connections'], on),
    connect: (provider: calendars.CalendarProvider) =>
      post<Out<typeof calendars.calendarAuthorizationSchema>>(`${of(provider)}/connect`, undefined, {
        expects: ['authorize_url'],
      }),
    disconnect: (provider: calendars.CalendarProvider) => remove<unknown>(`${of(provider)}/connection`),
    events: (provider: calendars.CalendarProvider, on: Signal = {}) =>
      get<calendars.CalendarEventListWire>(`${of(provider)}/events`, ['events'], on),
  };
}
