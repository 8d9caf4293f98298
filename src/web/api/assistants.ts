import { queryOptions } from '@tanstack/react-query';
import { api } from './api.ts';

/** All assistants of the tenant that are in use. */
export const assistantsQuery = queryOptions({
  queryKey: ['assistants', 'list'],
  queryFn: ({ signal }) => api.assistants.list({ limit: 100, signal }),
});
