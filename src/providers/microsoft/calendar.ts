/** Microsoft Graph v1.0: the person's default calendar. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { currentCorrelationId } from '../../correlation.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import {
  CALENDAR_ATTEMPT_MS,
  CALENDAR_DEADLINE_MS,
  type CalendarApi,
  calendarCredential,
  type CalendarEntry,
  type NewEntry,
  type OnBehalf,
} from '../calendar-provider.ts';
import type { GuardedHttp, HttpRequest } from '../http.ts';
import { type OAuthClient, requestTokens } from '../oauth-tokens.ts';

const SCOPE = 'offline_access Calendars.ReadWrite User.Read';

const sideSchema = z.object({ dateTime: z.string() });
const eventSchema = z.looseObject({
  id: z.string(),
  subject: z.string().nullish(),
  isAllDay: z.boolean().nullish(),
  isCancelled: z.boolean().nullish(),
  showAs: z.string().nullish(),
  webLink: z.string().nullish(),
  location: z.looseObject({ displayName: z.string().nullish() }).nullish(),
  start: sideSchema,
  end: sideSchema,
});
const listSchema = z.object({ value: z.array(eventSchema), '@odata.nextLink': z.url().optional() });

type Deps = { http: GuardedHttp; client: OAuthClient; baseUrl: string };

export function createMicrosoftCalendar(deps: Deps): CalendarApi {
  const signIn = signInOf(deps.baseUrl);
  const token = { ...deps, url: `${signIn}/token`, provider: 'microsoft' };
  return {
    authorizeUrl({ state, challenge, redirectUri }) {
      const url = new URL(`${signIn}/authorize`);
      url.search = new URLSearchParams({
        client_id: deps.client.clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        response_mode: 'query',
        scope: SCOPE,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString();
      return url.href;
    },
    exchange: ({ code, verifier, redirectUri }, by) =>
      requestTokens(
        token,
        { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri, scope: SCOPE },
        by,
      ),
    refresh: (refreshToken, by) =>
      requestTokens(token, { grant_type: 'refresh_token', refresh_token: refreshToken, scope: SCOPE }, by),
    listEntries: (accessToken, range, by) => listEntries({ deps, accessToken, by }, range),
    addEntry: (accessToken, entry, by) => addEntry({ deps, accessToken, by }, entry),
  };
}

type Session = { deps: Deps; accessToken: string; by: OnBehalf };

async function listEntries(session: Session, range: { from: Date; to: Date; limit: number }): Promise<CalendarEntry[]> {
  const query = new URLSearchParams({
    startDateTime: range.from.toISOString(),
    endDateTime: range.to.toISOString(),
    $top: String(range.limit),
    $orderby: 'start/dateTime',
  });
  const entries: CalendarEntry[] = [];
  let next: string | undefined = `${baseOf(session)}/v1.0/me/calendarView?${query.toString()}`;
  while (next !== undefined && entries.length < range.limit) {
    const url: string = next;
    const { body } = await ask(session, { operation: 'microsoft.list', method: 'GET', url, expect: listSchema });
    entries.push(...body.value.map(entryOf));
    next = sameOrigin(body['@odata.nextLink'], session);
  }
  return entries.slice(0, range.limit);
}

/** The link of the next page carries our token along, so it must lead where the first one did. */
function sameOrigin(link: string | undefined, session: Session): string | undefined {
  if (link === undefined || new URL(link).origin === new URL(baseOf(session)).origin) return link;
  const detail = 'the link to its next page leads elsewhere';
  throw new UpstreamError({ kind: 'invalid', upstream: 'calendar', connected: true, detail });
}

async function addEntry(session: Session, entry: NewEntry): Promise<{ entry: CalendarEntry; isNew: boolean }> {
  const transactionId = createHash('sha256').update(entry.key).digest('hex').slice(0, 40);
  const json = {
    subject: entry.title,
    ...(entry.description === undefined ? {} : { body: { contentType: 'text', content: entry.description } }),
    ...(entry.location === undefined ? {} : { location: { displayName: entry.location } }),
    start: { dateTime: entry.start.toISOString().slice(0, -1), timeZone: 'UTC' },
    end: { dateTime: entry.end.toISOString().slice(0, -1), timeZone: 'UTC' },
    attendees: entry.attendees.map((address) => ({ emailAddress: { address }, type: 'required' })),
    transactionId,
  };
  const url = `${baseOf(session)}/v1.0/me/events`;
  const { body } = await ask(session, {
    operation: 'microsoft.insert',
    method: 'POST',
    url,
    json,
    expect: eventSchema,
  });
  // Graph answers a repeated transaction with the first event and does not say so; whoever asks keeps the key.
  return { entry: entryOf(body), isNew: true };
}

type Asked<T> = Pick<HttpRequest<T>, 'operation' | 'method' | 'json' | 'expect' | 'url'>;

async function ask<T>({ deps, accessToken, by }: Session, asked: Asked<T>) {
  return deps.http.request<T>({
    ...asked,
    upstream: 'calendar',
    credential: calendarCredential('microsoft', by),
    headers: {
      Authorization: `Bearer ${accessToken}`,
      Prefer: 'outlook.timezone="UTC"',
      'client-request-id': currentCorrelationId(),
    },
    // An insert carries a transaction id, so it may be repeated too.
    repeatable: true,
    deadlineMs: CALENDAR_DEADLINE_MS,
    attemptTimeoutMs: CALENDAR_ATTEMPT_MS,
    lane: by.lane,
    signal: by.signal,
  });
}

function entryOf(event: z.output<typeof eventSchema>): CalendarEntry {
  return {
    id: event.id,
    title: event.subject ?? '',
    start: momentOf(event.start.dateTime),
    end: momentOf(event.end.dateTime),
    allDay: event.isAllDay === true,
    location: event.location?.displayName || null,
    status: event.isCancelled === true ? 'cancelled' : event.showAs === 'tentative' ? 'tentative' : 'confirmed',
    url: event.webLink ?? null,
    isFree: event.showAs === 'free',
  };
}

/** Graph writes seven fractional digits and no zone; UTC was asked for. */
function momentOf(dateTime: string): Date {
  return new Date(/(Z|[+-]\d\d:\d\d)$/.test(dateTime) ? dateTime : `${dateTime.slice(0, 23)}Z`);
}

function baseOf({ deps }: Session): string {
  return deps.baseUrl.replace(/\/$/, '');
}

/** Sign-in has a host of its own; another base address stands for both. */
function signInOf(baseUrl: string): string {
  const base = baseUrl.replace(/\/$/, '');
  const host = new URL(base).hostname === 'graph.microsoft.com' ? 'https://login.microsoftonline.com' : base;
  return `${host}/common/oauth2/v2.0`;
}
