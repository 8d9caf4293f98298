/** How the dashboard asks: seldom. One user has ten requests a minute for each group of addresses. */
import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../../client-transport.ts';

const PATIENT_CODES = new Set(['rate_limited', 'overloaded', 'draining', 'database_unavailable']);
const MAX_WAIT_MS = 65_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: true,
        retry: (failures, error) => isWorthRetrying(failures, error),
        retryDelay: (_failures, error) => waitMsAfter(error),
      },
      // A save that cannot leave fails at once and keeps the form, rather than leaving later unseen.
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

function isWorthRetrying(failures: number, error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.retryAfterMs !== undefined && PATIENT_CODES.has(error.code)) return failures < 5;
  return error.code === 'offline' && failures < 1;
}

function waitMsAfter(error: Error): number {
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  // A little later than asked, and not all pages at once.
  return Math.min(MAX_WAIT_MS, (asked ?? 1500) + Math.random() * 500);
}
