/** What Google's and Microsoft's calendars have in common, in AVA's words. */
import type { Lane } from '../resilience/guard.ts';

export type CalendarTokens = {
  accessToken: string;
  /** Undefined where the provider keeps the one that we have. */
  refreshToken: string | undefined;
  expiresInSeconds: number;
  scope: string;
};

export type CalendarEntry = {
  id: string;
  title: string;
  start: Date;
  end: Date;
  allDay: boolean;
  location: string | null;
  status: 'confirmed' | 'tentative' | 'cancelled';
  url: string | null;
  /** Does not block the time. */
  isFree: boolean;
};

export type NewEntry = {
  /** The same key is the same appointment. */
  key: string;
  title: string;
  start: Date;
  end: Date;
  location: string | undefined;
  description: string | undefined;
  attendees: string[];
};

export type OnBehalf = { tenantId: string; lane: Lane; signal?: AbortSignal | undefined };

/** Every function rejects with an `UpstreamError`; `auth` on a token means that it is not accepted any more. */
export type CalendarApi = {
  authorizeUrl(given: { state: string; challenge: string; redirectUri: string }): string;
  exchange(given: { code: string; verifier: string; redirectUri: string }, by: OnBehalf): Promise<CalendarTokens>;
  refresh(refreshToken: string, by: OnBehalf): Promise<CalendarTokens>;
  /** By start; at most `limit`. */
  listEntries(token: string, range: { from: Date; to: Date; limit: number }, by: OnBehalf): Promise<CalendarEntry[]>;
  /** `isNew` is false where this key had made the entry before. */
  addEntry(token: string, entry: NewEntry, by: OnBehalf): Promise<{ entry: CalendarEntry; isNew: boolean }>;
};

/** For a whole call and for one attempt, in milliseconds. */
export const CALENDAR_DEADLINE_MS = 10_000;
export const CALENDAR_ATTEMPT_MS = 5_000;

export function calendarCredential(provider: string, { tenantId }: OnBehalf) {
  return { key: `${provider}:${tenantId}`, tenant: tenantId };
}
