import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { nameOfUpstream } from '../../ui/CircuitState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

type Minute = Awaited<ReturnType<typeof api.alerts.traffic>>['minutes'][number];
/** One line of the card: a bar for each minute, its bad part on top. */
type Line = { key: string; name: string; summary: string; bars: { all: number; bad: number }[] };

const POLL_MS = 60_000;

/** How vendors answered in the last hour, and whom AVA sent away. For operators. */
export function Traffic() {
  const { traffic } = useText().operations;
  const query = useQuery({
    queryKey: ['traffic'],
    queryFn: ({ signal }) => api.alerts.traffic({ signal }),
    refetchInterval: POLL_MS,
  });
  return (
    <Card title={traffic.title} lead={traffic.lead}>
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-56 w-full" />
          </LoadingArea>
        }
      >
        {({ minutes }) => <Lines minutes={minutes} />}
      </Loaded>
    </Card>
  );
}

function Lines({ minutes }: { minutes: Minute[] }) {
  const text = useText();
  const { traffic } = text.operations;
  const format = useFormat();
  const names = [...new Set(minutes.flatMap(({ upstreams }) => upstreams.map(({ upstream }) => upstream)))].toSorted();
  const requests = minutes.map(({ requests: all, rate_limited: bad }) => ({ all, bad }));
  const asked: Line = {
    key: 'requests',
    name: traffic.requests,
    summary: traffic.requestsSummary(sum(requests, 'all'), sum(requests, 'bad')),
    bars: requests,
  };
  const lines = names.map((upstream): Line => {
    const seen = minutes.map(({ upstreams }) => upstreams.find((one) => one.upstream === upstream));
    const bars = seen.map((one) => ({ all: one?.attempts ?? 0, bad: one?.failed ?? 0 }));
    const all = sum(bars, 'all');
    const spentMs = seen.reduce((total, one) => total + (one?.mean_ms ?? 0) * (one?.attempts ?? 0), 0);
    return {
      key: upstream,
      name: nameOfUpstream(upstream, text),
      summary: traffic.summary(all, sum(bars, 'bad'), format.milliseconds(all === 0 ? 0 : spentMs / all)),
      bars,
    };
  });
  return (
    <ul className="divide-y divide-line">
      {[...lines, asked].map((line) => (
        <li key={line.key} className="grid items-center gap-x-4 gap-y-1 py-2.5 sm:grid-cols-[8rem_minmax(0,1fr)_15rem]">
          <span className="font-medium">{line.name}</span>
          <Bars bars={line.bars} />
          <span className="text-sm text-muted tabular-nums sm:text-right">{line.summary}</span>
        </li>
      ))}
    </ul>
  );
}

function sum(bars: Line['bars'], part: 'all' | 'bad'): number {
  return bars.reduce((total, bar) => total + bar[part], 0);
}

const HEIGHT = 28;

/** Drawn for the eye alone: the sentence beside it says the same. */
function Bars({ bars }: { bars: Line['bars'] }) {
  const highest = Math.max(1, ...bars.map(({ all }) => all));
  const heightOf = (count: number) => (count === 0 ? 0 : Math.max(2, (count / highest) * HEIGHT));
  return (
    <svg aria-hidden viewBox={`0 0 ${bars.length * 4} ${HEIGHT}`} preserveAspectRatio="none" className="h-7 w-full">
      {bars.map(({ all, bad }, index) => (
        <g key={index}>
          <rect x={index * 4} width={3} y={HEIGHT - 1} height={1} className="fill-line" />
          <rect x={index * 4} width={3} y={HEIGHT - heightOf(all)} height={heightOf(all)} className="fill-good-fill" />
          <rect x={index * 4} width={3} y={HEIGHT - heightOf(all)} height={heightOf(bad)} className="fill-bad-fill" />
        </g>
      ))}
    </svg>
  );
}
