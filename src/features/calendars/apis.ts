import type { Config } from '../../config.ts';
import type { CalendarApi } from '../../providers/calendar-provider.ts';
import { createGoogleCalendar } from '../../providers/google/calendar.ts';
import type { GuardedHttp } from '../../providers/http.ts';
import { createMicrosoftCalendar } from '../../providers/microsoft/calendar.ts';
import type { CalendarProvider } from './contract.ts';

export type CalendarSettings = Pick<
  Config,
  | 'googleClientId'
  | 'googleClientSecret'
  | 'googleBaseUrl'
  | 'microsoftClientId'
  | 'microsoftClientSecret'
  | 'microsoftBaseUrl'
>;

/** The calendars whose OAuth client is configured. */
export function createCalendarApis(
  config: CalendarSettings,
  http: GuardedHttp,
): Partial<Record<CalendarProvider, CalendarApi>> {
  const { googleClientId, googleClientSecret, microsoftClientId, microsoftClientSecret } = config;
  const apis: Partial<Record<CalendarProvider, CalendarApi>> = {};
  if (googleClientId !== undefined && googleClientSecret !== undefined) {
    const client = { clientId: googleClientId, clientSecret: googleClientSecret };
    apis.google = createGoogleCalendar({ http, client, baseUrl: config.googleBaseUrl });
  }
  if (microsoftClientId !== undefined && microsoftClientSecret !== undefined) {
    const client = { clientId: microsoftClientId, clientSecret: microsoftClientSecret };
    apis.microsoft = createMicrosoftCalendar({ http, client, baseUrl: config.microsoftBaseUrl });
  }
  return apis;
}
