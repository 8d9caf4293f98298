import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { FileClock, ShieldCheck } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { AuditEntryWire } from '../../../features/audit/contract.ts';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Page } from '../../ui/Page.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { useSearchParam, useSetSearch } from '../../ui/search-param.ts';
import { SkeletonRows } from '../../ui/Skeleton.tsx';

function NoEntries() {
  const { audit } = useText().operations;
  return (
    <EmptyState icon={FileClock} title={audit.emptyTitle}>
      {audit.emptyBody}
    </EmptyState>
  );
}

export default function AuditPage() {
  const { audit } = useText().operations;
  const action = useSearchParam('action');
  const actor = useSearchParam('actor');
  const verify = useMutation({ mutationFn: () => api.audit.verify() });
  const query = useInfiniteQuery({
    queryKey: ['audit', action, actor],
    queryFn: ({ pageParam, signal }) => api.audit.list({ action, actor, limit: 50, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title={audit.title}
      lead={audit.lead}
      actions={
        <Button
          busy={verify.isPending}
          icon={<ShieldCheck aria-hidden className="size-4" />}
          onClick={() => verify.mutate()}
        >
          {audit.verify}
        </Button>
      }
    >
      {verify.error !== null && <Problem error={verify.error} />}
      {verify.data !== undefined && (
        <Notice tone={verify.data.intact ? 'info' : 'bad'}>
          {verify.data.intact ? audit.intact(verify.data.entries) : audit.broken(verify.data.broken_at ?? '')}
        </Notice>
      )}
      <Filters key={`${action ?? ''} ${actor ?? ''}`} action={action} actor={actor} />
      <Loaded query={query} skeleton={<SkeletonRows rows={6} />}>
        {({ pages }) => {
          const entries = pages.flatMap((page) => page.entries);
          if (entries.length === 0) return <NoEntries />;
          return (
            <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
              {entries.map((entry) => (
                <EntryRow key={entry.id} entry={entry} />
              ))}
            </ul>
          );
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function Filters(now: { action: string | undefined; actor: string | undefined }) {
  const { operations, words } = useText();
  const { audit } = operations;
  const setSearch = useSetSearch();
  const [action, setAction] = useState(now.action ?? '');
  const [actor, setActor] = useState(now.actor ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSearch({ action: action.trim(), actor: actor.trim() });
  };
  return (
    <form role="search" onSubmit={submit} className="flex flex-wrap gap-3">
      <div className="min-w-48 flex-1">
        <TextField
          label={audit.action}
          hidesLabel
          placeholder={audit.filterAction}
          maxLength={100}
          value={action}
          onChange={(event) => setAction(event.target.value)}
        />
      </div>
      <div className="min-w-48 flex-1">
        <TextField
          label={audit.actor}
          hidesLabel
          placeholder={audit.filterActor}
          maxLength={254}
          value={actor}
          onChange={(event) => setActor(event.target.value)}
        />
      </div>
      <Button type="submit">{words.search}</Button>
    </form>
  );
}

function EntryRow({ entry }: { entry: AuditEntryWire }) {
  const { calls, words } = useText();
  const format = useFormat();
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-x-4 gap-y-0.5 border-b border-line px-4 py-3 last:border-b-0 sm:px-5 md:grid-cols-[10rem_minmax(0,1fr)_auto]">
      <time dateTime={entry.at} className="text-sm text-muted tabular-nums max-md:col-span-2">
        {format.dateTime(entry.at)}
      </time>
      <div className="min-w-0">
        <p className="break-words">
          <span className="font-mono text-sm">{entry.action}</span> <span className="text-muted">{entry.subject}</span>
        </p>
        <p className="text-sm break-words text-muted">{entry.actor}</p>
        {entry.details !== null && (
          <details className="mt-1 text-sm">
            <summary className="w-fit rounded-sm text-muted hover:text-ink">{calls.details}</summary>
            <pre className="mt-1 overflow-x-auto rounded-md bg-sunken p-3 font-mono text-xs" tabIndex={0}>
              {JSON.stringify(entry.details, null, 2)}
            </pre>
          </details>
        )}
      </div>
      <CopyId value={entry.correlation_id} what={words.correlationId} shown={entry.correlation_id.slice(0, 8)} />
    </li>
  );
}
