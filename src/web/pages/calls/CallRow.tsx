import { Link } from '@tanstack/react-router';
import { ArrowDownLeft, ArrowUpRight } from 'lucide-react';
import type { ListedCall } from '../../../features/calls/contract.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { classes } from '../../ui/classes.ts';
import { RouteBadge, RouteIcon } from '../../ui/Route.tsx';
import { otherSideOf } from './call-words.ts';

export function CallRow({ call }: { call: ListedCall }) {
  const { calls } = useText();
  const format = useFormat();
  const isLive = call.status !== 'ended';
  const other = otherSideOf(call);
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to={paths.call(call.id)}
        className="grid min-h-[4.5rem] grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-3 transition-colors hover:bg-hover sm:px-5 md:grid-cols-[auto_minmax(0,13rem)_minmax(0,1fr)_auto_6.5rem]"
      >
        <RouteIcon route={call.outcome ?? 'ai'} />
        <span className="min-w-0">
          <span className={classes('flex items-center gap-2', !call.read && 'font-semibold')}>
            <span className="truncate tabular-nums">
              {call.customer_name ?? (other === null ? calls.unknownCaller : format.phone(other))}
            </span>
            {!call.read && (
              <span role="img" aria-label={calls.unread} className="size-1.5 shrink-0 rounded-full bg-accent" />
            )}
          </span>
          <span className="flex items-center gap-1 truncate text-sm text-muted tabular-nums">
            {call.direction === 'inbound' ? (
              <ArrowDownLeft aria-label={calls.inbound} className="size-3.5 shrink-0" />
            ) : (
              <ArrowUpRight aria-label={calls.outbound} className="size-3.5 shrink-0" />
            )}
            {call.customer_name === null ? calls[call.direction] : format.phone(other)}
            <span className="truncate md:hidden">
              · <Age at={call.started_at} />
            </span>
          </span>
        </span>
        <span className="min-w-0 text-muted max-md:hidden">
          <span className="line-clamp-2">{call.summary ?? call.ended_reason_text ?? calls.noSummary}</span>
        </span>
        <span className="flex items-center justify-end gap-2 max-md:col-start-3 max-md:row-start-1 max-md:flex-col max-md:items-end max-md:gap-1">
          {call.recovered && <Badge>{calls.recovered}</Badge>}
          {isLive && call.outcome === null ? (
            <Badge tone="accent">{calls.statuses[call.status]}</Badge>
          ) : (
            call.outcome !== null && <RouteBadge route={call.outcome} />
          )}
        </span>
        <span className="text-right text-sm text-muted tabular-nums max-md:hidden">
          <Age at={call.started_at} />
          <span className="block text-faint">
            {call.duration_seconds === null ? '' : format.clock(call.duration_seconds)}
          </span>
        </span>
      </Link>
    </li>
  );
}
