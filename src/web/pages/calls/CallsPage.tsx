import { useInfiniteQuery, keepPreviousData } from '@tanstack/react-query';
import { PhoneIncoming, PhoneOff } from 'lucide-react';
import { useState } from 'react';
import { type CallFilter, callsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LongList } from '../../ui/LongList.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Page } from '../../ui/Page.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { CallFilters } from './CallFilters.tsx';
import { CallRow } from './CallRow.tsx';
import { PlaceCall } from './PlaceCall.tsx';

function NoCalls({ isFiltered }: { isFiltered: boolean }) {
  const { calls, words } = useText();
  const setSearch = useSetSearch();
  if (!isFiltered) {
    return (
      <EmptyState icon={PhoneIncoming} title={calls.emptyTitle}>
        {calls.emptyBody}
      </EmptyState>
    );
  }
  const clear = () =>
    setSearch({
      q: undefined,
      outcome: undefined,
      direction: undefined,
      status: undefined,
      number: undefined,
      unread: undefined,
    });
  return (
    <EmptyState icon={PhoneOff} title={words.noMatches} action={<Button onClick={clear}>{words.clearFilters}</Button>}>
      {calls.noMatchBody}
    </EmptyState>
  );
}

export default function CallsPage() {
  const { calls } = useText();
  const filter = useFilter();
  const query = useInfiniteQuery({
    ...callsQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: usePollMs(),
  });
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Page title={calls.title} lead={calls.lead} actions={<PlaceCallButton />}>
      <CallFilters />
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.calls);
          if (list.length === 0 && query.hasNextPage)
            return <p className="py-10 text-center text-muted">{calls.noneSoFar}</p>;
          if (list.length === 0) return <NoCalls isFiltered={isFiltered} />;
          return (
            <LongList
              isBusy={query.isPlaceholderData}
              rows={list}
              draw={(call) => <CallRow key={call.id} call={call} />}
            />
          );
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

/** The address is the state of the filters, so that a view can be shared and the back button works. */
function useFilter(): CallFilter {
  return {
    q: useSearchParam('q'),
    outcome: useSearchParam('outcome') as CallFilter['outcome'],
    direction: useSearchParam('direction') as CallFilter['direction'],
    status: useSearchParam('status') as CallFilter['status'],
    unread: useSearchParam('unread') === 'true' ? 'true' : undefined,
    phone_number: useSearchParam('number')?.replace(/[^+\d]/g, ''),
  };
}

function PlaceCallButton() {
  const { calls } = useText();
  const mayPlace = useMay('editor');
  const [isOpen, setIsOpen] = useState(false);
  if (!mayPlace) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>{calls.place}</Button>
      {isOpen && <PlaceCall onClose={() => setIsOpen(false)} />}
    </>
  );
}
