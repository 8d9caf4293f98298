/** A call that was opened counts as read, for the person who opened it. */
import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../api/api.ts';

type Lists = InfiniteData<Awaited<ReturnType<typeof api.calls.list>>>;

/** `id` is undefined until the call is on the screen. */
export function useMarkRead(id: string | undefined): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (id === undefined || isRead(queryClient, id)) return;
    showAsRead(queryClient, id);
    // Should it fail, the next list says so.
    api.calls.markRead(id).catch(() => undefined);
  }, [id, queryClient]);
}

function isRead(queryClient: QueryClient, id: string): boolean {
  return queryClient
    .getQueriesData<Lists>({ queryKey: ['calls', 'list'] })
    .some(([, lists]) => lists?.pages.some(({ calls }) => calls.some((call) => call.id === id && call.read)));
}

function showAsRead(queryClient: QueryClient, id: string): void {
  queryClient.setQueriesData<Lists>(
    { queryKey: ['calls', 'list'] },
    (lists) =>
      lists && {
        ...lists,
        pages: lists.pages.map((page) => ({
          ...page,
          calls: page.calls.map((call) => (call.id === id ? { ...call, read: true } : call)),
        })),
      },
  );
}
