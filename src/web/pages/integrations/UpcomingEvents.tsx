import { useQuery } from '@tanstack/react-query';
import type { CalendarProvider } from '../../../features/calendars/contract.ts';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

/** The next seven days of a calendar; invented ones say so. */
export function UpcomingEvents({ provider }: { provider: CalendarProvider }) {
  const { integrations } = useText();
  const format = useFormat();
  const query = useQuery({
    queryKey: ['calendars', provider, 'events'],
    queryFn: ({ signal }) => api.calendars.events(provider, { signal }),
  });
  return (
    <div className="mt-3 flex flex-col gap-3 rounded-md bg-sunken p-4">
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-16 w-full" />
          </LoadingArea>
        }
      >
        {({ events, stub }) => (
          <>
            {stub && <Notice tone="warn">{integrations.stubEvents}</Notice>}
            {events.length === 0 && <p className="text-sm text-muted">{integrations.noEvents}</p>}
            <ul className="flex flex-col gap-1.5 text-sm">
              {events.slice(0, 8).map((event) => (
                <li key={event.id} className="flex gap-3">
                  <time dateTime={event.start} className="w-44 shrink-0 text-muted tabular-nums">
                    {event.all_day ? format.date(event.start) : format.dateTime(event.start)}
                  </time>
                  <span className="min-w-0 break-words">{event.title}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </div>
  );
}
