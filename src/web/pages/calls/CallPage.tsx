import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
import type { CallDetail } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { usePollMs } from '../../live/live.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { RouteBadge } from '../../ui/Route.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { CallFacts } from './CallFacts.tsx';
import { otherSideOf } from './call-words.ts';
import { useMarkRead } from './read-calls.ts';
import { Recording } from './Recording.tsx';
import { Timeline } from './Timeline.tsx';
import { Transcript } from './Transcript.tsx';

export default function CallPage() {
  const { calls } = useText();
  const format = useFormat();
  const { id = '' } = useParams({ strict: false });
  const pollMs = usePollMs();
  const query = useQuery({
    queryKey: ['calls', 'one', id],
    queryFn: ({ signal }) => api.calls.get(id, { signal }),
    refetchInterval: ({ state }) => (state.data?.call.status === 'ended' ? false : pollMs),
  });
  const call = query.data?.call;
  useMarkRead(call?.id);
  const other = call === undefined ? null : otherSideOf(call);
  const title = call?.customer_name ?? (other === null ? calls.unknownCaller : format.phone(other));
  return (
    <Page
      title={call === undefined ? calls.facts.callId : title}
      above={<BackToCalls />}
      actions={call !== undefined && <Outcome call={call} />}
    >
      <Loaded query={query} skeleton={<CallSkeleton />}>
        {({ call: loaded }) => <CallBody call={loaded} />}
      </Loaded>
    </Page>
  );
}

function BackToCalls() {
  const { calls } = useText();
  return (
    <Link to={paths.calls()} className="inline-flex items-center gap-1 font-medium hover:text-ink">
      <ChevronLeft aria-hidden className="size-4" />
      {calls.backToCalls}
    </Link>
  );
}

function Outcome({ call }: { call: CallDetail }) {
  const { calls } = useText();
  const isLive = call.status !== 'ended';
  return (
    <span className="flex items-center gap-2">
      {call.recovered && (
        <span title={calls.recoveredHint}>
          <Badge>{calls.recovered}</Badge>
        </span>
      )}
      {isLive && <Badge tone="accent">{calls.statuses[call.status]}</Badge>}
      {call.outcome !== null && <RouteBadge route={call.outcome} />}
    </span>
  );
}

function CallBody({ call }: { call: CallDetail }) {
  const { calls } = useText();
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,1fr)_21rem]">
      <div className="flex min-w-0 flex-col gap-5">
        {call.summary !== null && (
          <Card title={calls.summary}>
            <p className="max-w-prose text-lg leading-relaxed">{call.summary}</p>
          </Card>
        )}
        <Recording call={call} />
        <Transcript call={call} />
        <Timeline callId={call.id} isOver={call.status === 'ended'} />
      </div>
      <CallFacts call={call} />
    </div>
  );
}

function CallSkeleton() {
  return (
    <LoadingArea>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_21rem]">
        <div className="space-y-5">
          <Skeleton className="h-28 w-full" />
          <Skeleton className="h-96 w-full" />
        </div>
        <Skeleton className="h-80 w-full" />
      </div>
    </LoadingArea>
  );
}
