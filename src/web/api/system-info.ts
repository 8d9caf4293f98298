import { queryOptions } from '@tanstack/react-query';
import { api } from './api.ts';

/** It changes with a release only. */
export const systemInfoQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => api.system.info({ signal }),
  staleTime: 5 * 60_000,
});
