/** The token end of the OAuth code flow, alike at both calendars. */
import { z } from 'zod';
import { currentCorrelationId } from '../correlation.ts';
import {
  CALENDAR_ATTEMPT_MS,
  CALENDAR_DEADLINE_MS,
  calendarCredential,
  type CalendarTokens,
  type OnBehalf,
} from './calendar-provider.ts';
import type { GuardedHttp } from './http.ts';

export type OAuthClient = { clientId: string; clientSecret: string };

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive(),
  scope: z.string().default(''),
});

/** Asks for tokens. Not repeatable: a code, and at Microsoft a refresh token too, works once. */
export async function requestTokens(
  { http, url, client, provider }: { http: GuardedHttp; url: string; client: OAuthClient; provider: string },
  fields: Record<string, string>,
  by: OnBehalf,
): Promise<CalendarTokens> {
  const { body } = await http.request({
    upstream: 'calendar',
    credential: calendarCredential(provider, by),
    operation: `${provider}.token`,
    method: 'POST',
    url,
    form: { ...fields, client_id: client.clientId, client_secret: client.clientSecret },
    repeatable: false,
    deadlineMs: CALENDAR_DEADLINE_MS,
    attemptTimeoutMs: CALENDAR_ATTEMPT_MS,
    lane: by.lane,
    signal: by.signal,
    correlationId: currentCorrelationId(),
    expect: tokenAnswer,
  });
  return {
    accessToken: body.access_token,
    refreshToken: body.refresh_token,
    expiresInSeconds: body.expires_in,
    scope: body.scope,
  };
}
