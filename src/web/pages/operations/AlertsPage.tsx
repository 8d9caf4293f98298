import { useQuery } from '@tanstack/react-query';
import { BellOff } from 'lucide-react';
import { alertsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { useMay } from '../../session/use-session.ts';
import { Forbidden } from '../../shell/Forbidden.tsx';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { classes } from '../../ui/classes.ts';
import { AlertChannels } from './AlertChannels.tsx';
import { AlertItem } from './AlertItem.tsx';

function NoAlerts({ state }: { state: 'open' | 'resolved' }) {
  const { alerts } = useText().operations;
  return (
    <EmptyState icon={BellOff} title={alerts.emptyTitle}>
      {state === 'open' ? alerts.emptyBody : alerts.emptyResolved}
    </EmptyState>
  );
}

export default function AlertsPage() {
  const { alerts } = useText().operations;
  const isOperator = useMay('operator');
  const state = useSearchParam('state') === 'resolved' ? 'resolved' : 'open';
  const query = useQuery({ ...alertsQuery(state), refetchInterval: usePollMs(), enabled: isOperator });
  if (!isOperator) return <Forbidden title={alerts.title} needs="operator" />;
  return (
    <Page title={alerts.title} lead={alerts.lead} actions={<StateChoice state={state} />}>
      <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
        {(list) => (
          <>
            {list.alerts.length === 0 ? (
              <NoAlerts state={state} />
            ) : (
              <ul className="flex flex-col gap-4">
                {list.alerts.map((alert) => (
                  <AlertItem key={alert.id} alert={alert} />
                ))}
              </ul>
            )}
            <p className="text-xs text-faint">
              {list.evaluated_at === null ? (
                alerts.neverEvaluated
              ) : (
                <>
                  {alerts.evaluated('')}
                  <Age at={list.evaluated_at} />
                </>
              )}
            </p>
          </>
        )}
      </Loaded>
      <AlertChannels />
    </Page>
  );
}

function StateChoice({ state }: { state: 'open' | 'resolved' }) {
  const { alerts } = useText().operations;
  const setSearch = useSetSearch();
  return (
    <div role="group" aria-label={alerts.title} className="flex rounded-md border border-line-strong bg-surface p-0.5">
      {(['open', 'resolved'] as const).map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={state === one}
          onClick={() => setSearch({ state: one === 'open' ? undefined : one })}
          className={classes('h-7.5 rounded-sm px-3 text-sm font-medium', state === one ? 'bg-hover' : 'text-muted')}
        >
          {alerts[one]}
        </button>
      ))}
    </div>
  );
}
