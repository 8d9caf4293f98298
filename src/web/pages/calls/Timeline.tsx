import { useQuery } from '@tanstack/react-query';
import { ArrowLeftRight, Inbox, type LucideIcon, Route, Search, Send, SlidersHorizontal, Zap } from 'lucide-react';
import { useState } from 'react';
import type { TimelineEntry } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { usePollMs } from '../../live/live.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

const ICONS: Record<TimelineEntry['kind'], LucideIcon> = {
  webhook: Inbox,
  route: Route,
  upstream: ArrowLeftRight,
  breaker: Zap,
  setting: SlidersHorizontal,
  effect: Send,
  reconciliation: Search,
};

/** Everything that happened around a call, in order, with the ids that find it in the log. */
export function Timeline({ callId, isOver }: { callId: string; isOver: boolean }) {
  const { calls } = useText();
  const pollMs = usePollMs();
  const query = useQuery({
    queryKey: ['calls', 'timeline', callId],
    queryFn: ({ signal }) => api.calls.timeline(callId, { signal }),
    refetchInterval: isOver ? false : pollMs,
  });
  return (
    <Card title={calls.timeline} lead={calls.timelineLead}>
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-48 w-full" />
          </LoadingArea>
        }
      >
        {({ timeline }) => <Entries timeline={timeline} />}
      </Loaded>
    </Card>
  );
}

const isSpoken = ({ name }: TimelineEntry) => name.startsWith('transcript:');

/** What was spoken stands in the transcript already, so those messages stay folded until somebody wants their ids. */
function Entries({ timeline }: { timeline: TimelineEntry[] }) {
  const { calls } = useText();
  const [showsSpoken, setShowsSpoken] = useState(false);
  const spoken = timeline.filter(isSpoken).length;
  const shown = showsSpoken ? timeline : timeline.filter((entry) => !isSpoken(entry));
  if (timeline.length === 0) return <p className="text-muted">{calls.timelineEmpty}</p>;
  return (
    <>
      <ol>
        {shown.map((entry, index) => (
          <Entry key={index} entry={entry} />
        ))}
      </ol>
      {spoken > 0 && (
        <div className="mt-4">
          <Button size="small" kind="quiet" aria-expanded={showsSpoken} onClick={() => setShowsSpoken(!showsSpoken)}>
            {calls.showSpoken(spoken)}
          </Button>
        </div>
      )}
    </>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const { calls, server, words } = useText();
  const format = useFormat();
  const Icon = ICONS[entry.kind];
  const hasDetails = Object.keys(entry.details).length > 0;
  return (
    <li className="group relative flex gap-3 pb-5 last:pb-0">
      <span aria-hidden className="absolute top-8 bottom-1 left-[0.9375rem] w-px bg-line group-last:hidden" />
      <span
        aria-hidden
        className="flex size-8 shrink-0 items-center justify-center rounded-full border border-line bg-surface text-muted"
      >
        <Icon className="size-4" strokeWidth={1.8} />
      </span>
      <div className="min-w-0 flex-1 pt-1">
        <p className="break-words">{server.timeline(entry) ?? entry.text}</p>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-xs text-faint">
          <time dateTime={entry.at} title={format.dateTime(entry.at)} className="tabular-nums">
            {format.timeOfEvent(entry.at)}
          </time>
          <span>
            {calls.kinds[entry.kind]} · {entry.source} · <span className="font-mono">{entry.name}</span>
          </span>
          {entry.correlation_id !== null && (
            <CopyId value={entry.correlation_id} what={words.correlationId} shown={entry.correlation_id.slice(0, 8)} />
          )}
        </p>
        {hasDetails && (
          <details className="mt-1 text-xs">
            <summary className="w-fit rounded-sm text-muted hover:text-ink">{calls.details}</summary>
            <pre className="mt-1 overflow-x-auto rounded-md bg-sunken p-3 font-mono leading-relaxed">
              {JSON.stringify(entry.details, null, 2)}
            </pre>
          </details>
        )}
      </div>
    </li>
  );
}
