import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { callStatsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

const SHARES = [
  { key: 'by_ai', outcome: 'ai', bar: 'bg-good-fill' },
  { key: 'by_person', outcome: 'person', bar: 'bg-info-fill' },
  { key: 'voicemail', outcome: 'voicemail', bar: 'bg-warn-fill' },
  { key: 'sentence', outcome: 'sentence', bar: 'bg-warn-fill/60' },
  { key: 'nobody', outcome: 'nobody', bar: 'bg-bad-fill' },
  { key: 'failed', outcome: 'failed', bar: 'bg-bad-fill/60' },
] as const;

/** Today's calls by who took them. */
export function Today() {
  const { now } = useText();
  const stats = useQuery({ ...callStatsQuery(1), refetchInterval: usePollMs() });
  return (
    <Card title={now.todayTitle} lead={now.todayLead}>
      <Loaded query={stats} skeleton={<TodaySkeleton />}>
        {({ days }) => <Shares day={days.find(({ date }) => date === new Date().toISOString().slice(0, 10))} />}
      </Loaded>
    </Card>
  );
}

type Day = { calls: number } & Record<(typeof SHARES)[number]['key'], number>;

function Shares({ day }: { day: Day | undefined }) {
  const { now, outcomes } = useText();
  if (day === undefined || day.calls === 0) return <p className="py-6 text-muted">{now.noCallsToday}</p>;
  const present = SHARES.filter(({ key }) => day[key] > 0);
  return (
    <>
      <p className="text-2xl font-semibold tabular-nums">{now.callsCount(day.calls)}</p>
      <div aria-hidden className="mt-3 mb-4 flex h-2 gap-0.5 overflow-hidden rounded-full">
        {present.map(({ key, bar }) => (
          <span key={key} className={bar} style={{ flexGrow: day[key] }} />
        ))}
      </div>
      <ul className="grid gap-x-6 gap-y-1.5 sm:grid-cols-2">
        {present.map(({ key, outcome, bar }) => (
          <li key={key}>
            <Link
              to={paths.calls()}
              search={{ outcome }}
              className="-mx-1.5 flex items-center gap-2 rounded-sm px-1.5 py-0.5 hover:bg-hover"
            >
              <span aria-hidden className={`size-2 rounded-full ${bar}`} />
              <span className="flex-1">{outcomes[outcome]}</span>
              <span className="font-medium tabular-nums">{day[key]}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function TodaySkeleton() {
  return (
    <LoadingArea>
      <Skeleton className="h-8 w-32" />
      <Skeleton className="mt-3 mb-4 h-2 w-full" />
      <Skeleton className="h-14 w-full" />
    </LoadingArea>
  );
}
