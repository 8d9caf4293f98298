import { useQuery } from '@tanstack/react-query';
import { Zap } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { callStatsQuery, circuitsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton, SkeletonRows } from '../../ui/Skeleton.tsx';
import { CircuitRow } from './CircuitRow.tsx';
import { Traffic } from './Traffic.tsx';

const CallsChart = lazy(() => import('./CallsChart.tsx'));
const DAYS = 30;

function NoCircuits() {
  const { circuits } = useText().operations;
  return (
    <EmptyState icon={Zap} title={circuits.emptyTitle}>
      {circuits.emptyBody}
    </EmptyState>
  );
}

export default function CircuitBreakersPage() {
  const { circuits } = useText().operations;
  const query = useQuery({ ...circuitsQuery, refetchInterval: usePollMs() || 20_000 });
  const isOperator = useMay('operator');
  const stats = useQuery(callStatsQuery(DAYS));
  return (
    <Page title={circuits.title} lead={circuits.lead}>
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {({ circuit_breakers: list }) =>
          list.length === 0 ? (
            <NoCircuits />
          ) : (
            <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
              {list.map((circuit) => (
                <CircuitRow key={circuit.circuit} circuit={circuit} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {isOperator && <Traffic />}
      <Card title={circuits.historyTitle} lead={circuits.historyLead}>
        <Loaded query={stats} skeleton={<ChartSkeleton />}>
          {({ days }) => (
            <Suspense fallback={<ChartSkeleton />}>
              <CallsChart days={days} span={DAYS} />
            </Suspense>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function ChartSkeleton() {
  return (
    <LoadingArea>
      <Skeleton className="h-64 w-full" />
    </LoadingArea>
  );
}
