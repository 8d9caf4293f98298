import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Inbox } from 'lucide-react';
import { useState } from 'react';
import type { WebhookEvent, WebhookState } from '../../../features/webhook-inbox/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { Forbidden } from '../../shell/Forbidden.tsx';
import { useFormat, useText } from '../../text/text.tsx';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Select } from '../../ui/Field.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Page } from '../../ui/Page.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { WebhookSheet } from './WebhookSheet.tsx';

const TONES: Record<WebhookState, Tone> = { pending: 'info', processed: 'good', dead: 'bad', quarantined: 'warn' };

function NoWebhooks() {
  const { webhooks } = useText().operations;
  return (
    <EmptyState icon={Inbox} title={webhooks.emptyTitle}>
      {webhooks.emptyBody}
    </EmptyState>
  );
}

export default function WebhooksPage() {
  const { webhooks } = useText().operations;
  const state = useSearchParam('state') as WebhookState | undefined;
  const vendor = useSearchParam('vendor') as 'vapi' | 'twilio' | undefined;
  const isOperator = useMay('operator');
  const [opened, setOpened] = useState<WebhookEvent>();
  const query = useInfiniteQuery({
    queryKey: ['webhooks', 'list', state, vendor],
    queryFn: ({ pageParam, signal }) => api.webhooks.list({ state, vendor, limit: 50, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    enabled: isOperator,
  });
  if (!isOperator) return <Forbidden title={webhooks.title} needs="operator" />;
  return (
    <Page title={webhooks.title} lead={webhooks.lead} actions={<Filters />}>
      <Loaded query={query} skeleton={<SkeletonRows rows={6} />}>
        {({ pages }) => {
          const events = pages.flatMap((page) => page.webhooks);
          if (events.length === 0) return <NoWebhooks />;
          return (
            <ul
              aria-busy={query.isPlaceholderData}
              className="overflow-hidden rounded-lg border border-line bg-surface shadow-card aria-busy:opacity-60"
            >
              {events.map((event) => (
                <WebhookRow key={event.id} event={event} onOpen={() => setOpened(event)} />
              ))}
            </ul>
          );
        }}
      </Loaded>
      <MoreButton query={query} />
      {opened !== undefined && <WebhookSheet event={opened} onClose={() => setOpened(undefined)} />}
    </Page>
  );
}

function Filters() {
  const { operations, words } = useText();
  const { webhooks } = operations;
  const setSearch = useSetSearch();
  return (
    <>
      <Select
        label={webhooks.state}
        hidesLabel
        value={useSearchParam('state') ?? ''}
        onChange={(event) => setSearch({ state: event.target.value })}
      >
        <option value="">{`${webhooks.state}: ${words.all}`}</option>
        {(['pending', 'processed', 'dead', 'quarantined'] as const).map((state) => (
          <option key={state} value={state}>
            {webhooks.states[state]}
          </option>
        ))}
      </Select>
      <Select
        label={webhooks.vendor}
        hidesLabel
        value={useSearchParam('vendor') ?? ''}
        onChange={(event) => setSearch({ vendor: event.target.value })}
      >
        <option value="">{`${webhooks.vendor}: ${words.all}`}</option>
        <option value="vapi">Vapi</option>
        <option value="twilio">Twilio</option>
      </Select>
    </>
  );
}

function WebhookRow({ event, onOpen }: { event: WebhookEvent; onOpen: () => void }) {
  const { webhooks } = useText().operations;
  const format = useFormat();
  const notes = [
    event.attempts > 1 ? webhooks.attempts(event.attempts) : '',
    event.repeats > 0 ? webhooks.repeats(event.repeats) : '',
    event.problem ?? '',
  ].filter(Boolean);
  return (
    <li className="border-b border-line last:border-b-0">
      <button
        type="button"
        onClick={onOpen}
        className="grid min-h-14 w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5 text-left transition-colors hover:bg-hover sm:px-5 md:grid-cols-[9rem_minmax(0,1fr)_auto]"
      >
        <time
          dateTime={event.received_at}
          title={format.dateTime(event.received_at)}
          className="text-sm text-muted tabular-nums max-md:row-start-2"
        >
          {format.shortDate(event.received_at)} {format.timeOfEvent(event.received_at)}
        </time>
        <span className="min-w-0">
          <span className="block truncate">
            <span className="text-muted">{event.vendor === 'vapi' ? 'Vapi' : 'Twilio'}</span>{' '}
            <span className="font-mono text-sm">{event.type}</span>
          </span>
          {notes.length > 0 && <span className="block truncate text-sm text-muted">{notes.join(' · ')}</span>}
        </span>
        <Badge tone={TONES[event.state]}>{webhooks.states[event.state]}</Badge>
      </button>
    </li>
  );
}
