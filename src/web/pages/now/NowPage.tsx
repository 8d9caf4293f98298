import { useQuery } from '@tanstack/react-query';
import { Hash } from 'lucide-react';
import { numbersQuery } from '../../api/queries.ts';
import { systemInfoQuery } from '../../api/system-info.ts';
import { paths } from '../../paths.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton, SkeletonRows } from '../../ui/Skeleton.tsx';
import { LatestChanges } from './LatestChanges.tsx';
import { NumbersNow } from './NumbersNow.tsx';
import { OpenAlerts } from './OpenAlerts.tsx';
import { Rehearse } from './Rehearse.tsx';
import { Today } from './Today.tsx';
import { Vendors } from './Vendors.tsx';

function NoNumbers() {
  const { now } = useText();
  return (
    <EmptyState
      icon={Hash}
      title={now.noNumbersTitle}
      action={
        <LinkButton kind="primary" to={paths.integrations()}>
          {now.connectTwilio}
        </LinkButton>
      }
    >
      {now.noNumbersBody}
    </EmptyState>
  );
}

export default function NowPage() {
  const { now } = useText();
  const numbers = useQuery(numbersQuery);
  const info = useQuery(systemInfoQuery);
  const isOperator = useMay('operator');
  return (
    <Page title={now.title} actions={info.data?.demo === true && <Rehearse />}>
      <Loaded query={numbers} skeleton={<NowSkeleton />}>
        {(list) => (list.numbers.length === 0 ? <NoNumbers /> : <NumbersNow numbers={list.numbers} />)}
      </Loaded>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[repeat(2,minmax(0,1fr))]">
        <div className="flex min-w-0 flex-col gap-5">
          <Today />
          {isOperator && <OpenAlerts />}
          <LatestChanges />
        </div>
        <Vendors />
      </div>
    </Page>
  );
}

function NowSkeleton() {
  return (
    <LoadingArea>
      <Skeleton className="mb-3 h-9 w-[28rem] max-w-full" />
      <Skeleton className="mb-6 h-5 w-72 max-w-full" />
      <SkeletonRows rows={4} />
    </LoadingArea>
  );
}
