/** Questions that more than one page asks; their keys begin with the word that live updates touch. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './api.ts';
import { takeEarly } from './early.ts';

export const numbersQuery = queryOptions({
  queryKey: ['numbers', 'list'],
  queryFn: ({ signal }) => takeEarly('numbers') ?? api.numbers.list({ limit: 100, signal }),
});

/** What callers of all routed numbers would hear, in one question. */
export const routingNowQuery = queryOptions({
  queryKey: ['routing-tests', 'now'],
  queryFn: ({ signal }) => takeEarly('routingNow') ?? api.numbers.routingNow({ signal }),
  staleTime: 60_000,
});

export const routingTestQuery = (sid: string) =>
  queryOptions({
    queryKey: ['routing-tests', sid],
    queryFn: ({ signal }) => api.numbers.test(sid, { signal }),
    staleTime: 60_000,
  });

export const circuitsQuery = queryOptions({
  queryKey: ['circuits'],
  queryFn: ({ signal }) => api.circuits.list({ signal }),
  staleTime: 10_000,
});

export const alertsQuery = (state: 'open' | 'resolved') =>
  queryOptions({
    queryKey: ['alerts', state],
    queryFn: ({ signal }) => api.alerts.list({ state, limit: 50, signal }),
  });

export const callStatsQuery = (days: number) =>
  queryOptions({
    queryKey: ['calls', 'stats', days],
    queryFn: ({ signal }) => api.calls.stats({ days, signal }),
    staleTime: 60_000,
  });

export const latestChangesQuery = queryOptions({
  queryKey: ['settings', 'history', 'default', 'latest'],
  queryFn: ({ signal }) => api.settings.history(undefined, { limit: 5, signal }),
});

export type CallFilter = Parameters<typeof api.calls.list>[0];

export const callsQuery = (filter: CallFilter) =>
  infiniteQueryOptions({
    queryKey: ['calls', 'list', filter],
    queryFn: ({ pageParam, signal }) => api.calls.list({ ...filter, limit: 30, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
