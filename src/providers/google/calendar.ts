/** Google Calendar v3: the person's primary calendar. */
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

const SCOPES = ['calendar.events', 'calendar.freebusy'].map((name) => `https://www.googleapis.com/auth/${name}`);

const sideSchema = z.object({ dateTime: z.string().optional(), date: z.string().optional() });
const eventSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['confirmed', 'tentative', 'cancelled']).default('confirmed'),
  summary: z.string().nullish(),
  location: z.string().nullish(),
  htmlLink: z.string().nullish(),
  transparency: z.string().nullish(),
  start: sideSchema,
  end: sideSchema,
});
const listSchema = z.object({ items: z.array(eventSchema).default([]), nextPageToken: z.string().optional() });

type Deps = { http: GuardedHttp; client: OAuthClient; baseUrl: string };

export function createGoogleCalendar(deps: Deps): CalendarApi {
  const places = placesOf(deps.baseUrl);
  const token = { ...deps, url: places.token, provider: 'google' };
  return {
    authorizeUrl({ state, challenge, redirectUri }) {
      const url = new URL(places.authorize);
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: deps.client.clientId,
        redirect_uri: redirectUri,
        scope: SCOPES.join(' '),
        state,
        // Only with both of these does Google give a refresh token again.
        access_type: 'offline',
        prompt: 'consent',
        include_granted_scopes: 'true',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString();
      return url.href;
    },
    exchange: ({ code, verifier, redirectUri }, by) =>
      requestTokens(
        token,
        { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri },
        by,
      ),
    refresh: (refreshToken, by) =>
      requestTokens(token, { grant_type: 'refresh_token', refresh_token: refreshToken }, by),
    listEntries: (accessToken, range, by) => listEntries({ deps, accessToken, by }, range),
    addEntry: (accessToken, entry, by) => addEntry({ deps, accessToken, by }, entry),
  };
}

type Session = { deps: Deps; accessToken: string; by: OnBehalf };

async function listEntries(session: Session, range: { from: Date; to: Date; limit: number }): Promise<CalendarEntry[]> {
  const entries: CalendarEntry[] = [];
  let pageToken: string | undefined;
  do {
    const query = new URLSearchParams({
      timeMin: range.from.toISOString(),
      timeMax: range.to.toISOString(),
      singleEvents: 'true',
      orderBy: 'startTime',
      maxResults: String(range.limit),
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    const { body } = await ask(session, { operation: 'google.list', method: 'GET', query, expect: listSchema });
    entries.push(...body.items.map(entryOf));
    pageToken = body.nextPageToken;
  } while (pageToken !== undefined && entries.length < range.limit);
  return entries.slice(0, range.limit);
}

async function addEntry(session: Session, entry: NewEntry): Promise<{ entry: CalendarEntry; isNew: boolean }> {
  const id = `ava${createHash('sha256').update(entry.key).digest('hex').slice(0, 40)}`;
  const json = {
    id,
    summary: entry.title,
    location: entry.location,
    description: entry.description,
    start: { dateTime: entry.start.toISOString(), timeZone: 'UTC' },
    end: { dateTime: entry.end.toISOString(), timeZone: 'UTC' },
    attendees: entry.attendees.map((email) => ({ email })),
  };
  const query = new URLSearchParams({ sendUpdates: 'all' });
  try {
    const { body } = await ask(session, {
      operation: 'google.insert',
      method: 'POST',
      query,
      json,
      expect: eventSchema,
    });
    return { entry: entryOf(body), isNew: true };
  } catch (error) {
    // The id is ours: a duplicate is the earlier insert, unless somebody has deleted the event since.
    if (!(error instanceof UpstreamError) || error.kind !== 'conflict') throw error;
    const near = await listEntries(session, { from: entry.start, to: entry.end, limit: 250 });
    const known = near.find((one) => one.id === id);
    if (known === undefined) throw error;
    return { entry: known, isNew: false };
  }
}

type Asked<T> = Pick<HttpRequest<T>, 'operation' | 'method' | 'json' | 'expect'> & { query: URLSearchParams };

async function ask<T>({ deps, accessToken, by }: Session, asked: Asked<T>) {
  const { query, ...rest } = asked;
  try {
    return await deps.http.request<T>({
      ...rest,
      upstream: 'calendar',
      credential: calendarCredential('google', by),
      url: `${deps.baseUrl.replace(/\/$/, '')}/calendar/v3/calendars/primary/events?${query.toString()}`,
      headers: { Authorization: `Bearer ${accessToken}` },
      // An insert carries an id that we chose, so it may be repeated too.
      repeatable: true,
      deadlineMs: CALENDAR_DEADLINE_MS,
      attemptTimeoutMs: CALENDAR_ATTEMPT_MS,
      lane: by.lane,
      signal: by.signal,
      correlationId: currentCorrelationId(),
    });
  } catch (error) {
    throw sortedOut(error);
  }
}

/** Google says "slow down" and "not allowed" both with 403; only 401 is about the token. */
function sortedOut(error: unknown): unknown {
  if (!(error instanceof UpstreamError) || error.kind !== 'auth' || error.status !== 403) return error;
  const isLimit = /limit|quota/i.test(error.body?.message ?? '');
  const { upstream, detail, connected, status, body } = error;
  return new UpstreamError({
    kind: isLimit ? 'rate_limited' : 'invalid',
    upstream,
    detail,
    connected,
    status,
    body,
    ...(isLimit ? { retryAfterMs: 5_000 } : {}),
  });
}

function entryOf(event: z.output<typeof eventSchema>): CalendarEntry {
  return {
    id: event.id,
    title: event.summary ?? '',
    start: momentOf(event.start),
    end: momentOf(event.end),
    allDay: event.start.date !== undefined,
    location: event.location ?? null,
    status: event.status,
    url: event.htmlLink ?? null,
    isFree: event.transparency === 'transparent',
  };
}

function momentOf({ dateTime, date }: z.output<typeof sideSchema>): Date {
  return new Date(dateTime ?? `${date}T00:00:00Z`);
}

/** Google spreads its sign-in over three hosts; another base address stands for all of them. */
function placesOf(baseUrl: string): { authorize: string; token: string } {
  const base = baseUrl.replace(/\/$/, '');
  if (new URL(base).hostname !== 'www.googleapis.com') {
    return { authorize: `${base}/o/oauth2/v2/auth`, token: `${base}/token` };
  }
  return { authorize: 'https://accounts.google.com/o/oauth2/v2/auth', token: 'https://oauth2.googleapis.com/token' };
}
