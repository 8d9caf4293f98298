import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import type { MessageState, SentMessageChannel } from '../../../features/messaging/contract.ts';
import { api } from '../../api/api.ts';
import { usePollMs } from '../../live/live.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Select } from '../../ui/Field.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Page } from '../../ui/Page.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { MessageRow } from './MessageRow.tsx';

const CHANNELS = ['email', 'sms'] as const;
const STATES = ['waiting', 'sent', 'refused', 'unknown', 'given_up'] as const;

function NoMessages({ isFiltered }: { isFiltered: boolean }) {
  const { messages, words } = useText();
  const setSearch = useSetSearch();
  if (!isFiltered) {
    return (
      <EmptyState icon={Send} title={messages.emptyTitle}>
        {messages.emptyBody}
      </EmptyState>
    );
  }
  const clear = () => setSearch({ channel: undefined, state: undefined });
  return (
    <EmptyState icon={Send} title={words.noMatches} action={<Button onClick={clear}>{words.clearFilters}</Button>}>
      {messages.lead}
    </EmptyState>
  );
}

export default function MessagesPage() {
  const { messages } = useText();
  const channel = useSearchParam('channel') as SentMessageChannel | undefined;
  const state = useSearchParam('state') as MessageState | undefined;
  const query = useInfiniteQuery({
    queryKey: ['messages', channel, state],
    queryFn: ({ pageParam, signal }) => api.messages.list({ channel, state, limit: 50, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: usePollMs(),
  });
  return (
    <Page title={messages.title} lead={messages.lead} actions={<Filters />}>
      <Loaded query={query} skeleton={<SkeletonRows rows={6} />}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.messages);
          if (list.length === 0) return <NoMessages isFiltered={channel !== undefined || state !== undefined} />;
          return (
            <ul
              aria-busy={query.isPlaceholderData}
              className="overflow-hidden rounded-lg border border-line bg-surface shadow-card aria-busy:opacity-60"
            >
              {list.map((message) => (
                <MessageRow key={message.id} message={message} />
              ))}
            </ul>
          );
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function Filters() {
  const { messages } = useText();
  return (
    <>
      <Filter name="channel" label={messages.channel} values={CHANNELS} words={messages.channels} />
      <Filter name="state" label={messages.state} values={STATES} words={messages.states} />
    </>
  );
}

type FilterProps<Value extends string> = {
  name: string;
  label: string;
  values: readonly Value[];
  words: Record<Value, string>;
};

function Filter<Value extends string>({ name, label, values, words: wordOf }: FilterProps<Value>) {
  const { words } = useText();
  const setSearch = useSetSearch();
  return (
    <Select
      label={label}
      hidesLabel
      value={useSearchParam(name) ?? ''}
      onChange={(event) => setSearch({ [name]: event.target.value })}
    >
      <option value="">{`${label}: ${words.all}`}</option>
      {values.map((value) => (
        <option key={value} value={value}>
          {wordOf[value]}
        </option>
      ))}
    </Select>
  );
}
