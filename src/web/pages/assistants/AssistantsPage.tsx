import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bot, ChevronRight, Plus, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import type { Assistant } from '../../../features/assistants/contract.ts';
import { api } from '../../api/api.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { paths } from '../../paths.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';

function NoAssistants() {
  const { assistants } = useText();
  const mayCreate = useMay('editor');
  return (
    <EmptyState
      icon={Bot}
      title={assistants.emptyTitle}
      action={
        mayCreate && (
          <LinkButton kind="primary" to={paths.newAssistant()}>
            {assistants.create}
          </LinkButton>
        )
      }
    >
      {assistants.emptyBody}
    </EmptyState>
  );
}

export default function AssistantsPage() {
  const { assistants } = useText();
  const mayCreate = useMay('editor');
  const [showsDeleted, setShowsDeleted] = useState(false);
  const query = useQuery(assistantsQuery);
  return (
    <Page
      title={assistants.title}
      lead={assistants.lead}
      actions={
        mayCreate && (
          <LinkButton kind="primary" to={paths.newAssistant()} icon={<Plus aria-hidden className="size-4" />}>
            {assistants.create}
          </LinkButton>
        )
      }
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
        {(list) =>
          list.assistants.length === 0 ? (
            <NoAssistants />
          ) : (
            <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
              {list.assistants.map((assistant) => (
                <AssistantRow key={assistant.assistant_id} assistant={assistant} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {mayCreate && (
        <div>
          <Button size="small" kind="quiet" aria-expanded={showsDeleted} onClick={() => setShowsDeleted(!showsDeleted)}>
            {assistants.showDeleted}
          </Button>
          {showsDeleted && <DeletedAssistants />}
        </div>
      )}
    </Page>
  );
}

function AssistantRow({ assistant }: { assistant: Assistant }) {
  const { assistants } = useText();
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to={paths.assistant(assistant.assistant_id)}
        className="grid min-h-[4.5rem] grid-cols-[minmax(0,1fr)_auto] items-center gap-x-5 gap-y-1 px-4 py-3 transition-colors hover:bg-hover sm:px-5 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)_auto_auto]"
      >
        <span className="min-w-0">
          <span className="flex items-center gap-2">
            <span className="truncate font-medium">{assistant.name}</span>
            {assistant.default && <Badge tone="accent">{assistants.default}</Badge>}
          </span>
          <span className="block truncate text-sm text-muted">
            {[assistant.model?.model, assistant.voice?.voice_id].filter(Boolean).join(' · ')}
          </span>
        </span>
        <span className="line-clamp-2 text-sm text-muted max-md:col-span-2 max-md:row-start-2">
          {assistant.first_message}
        </span>
        <span className="max-md:hidden">
          {!assistant.connected && <Badge tone="warn">{assistants.notConnected}</Badge>}
        </span>
        <ChevronRight aria-hidden className="size-4 text-faint max-md:col-start-2 max-md:row-start-1" />
      </Link>
    </li>
  );
}

function DeletedAssistants() {
  const { assistants, words } = useText();
  const queryClient = useQueryClient();
  const query = useQuery({
    queryKey: ['assistants', 'deleted'],
    queryFn: ({ signal }) => api.assistants.list({ deleted: 'true', limit: 100, signal }),
  });
  const restore = useMutation({
    mutationFn: (assistant: Assistant) => api.assistants.restore(assistant.assistant_id),
    onSuccess: (_reply, { name }) => {
      toastSuccess(assistants.restored(name));
      void queryClient.invalidateQueries({ queryKey: ['assistants'] });
    },
  });
  return (
    <div className="mt-3 flex flex-col gap-3">
      {restore.error !== null && <Problem error={restore.error} />}
      <Loaded query={query} skeleton={<SkeletonRows rows={1} />}>
        {(list) => {
          const deleted = list.assistants.filter((one) => one.deleted_at !== null);
          if (deleted.length === 0) return <p className="text-sm text-muted">{words.none}</p>;
          return (
            <ul className="rounded-lg border border-line bg-surface">
              {deleted.map((assistant) => (
                <li
                  key={assistant.assistant_id}
                  className="flex items-center gap-4 border-b border-line px-5 py-3 last:border-b-0"
                >
                  <span className="flex-1">{assistant.name}</span>
                  <span className="text-sm text-muted">
                    {assistant.deleted_at !== null && <Age at={assistant.deleted_at} />}
                  </span>
                  <Button
                    size="small"
                    busy={restore.isPending && restore.variables.assistant_id === assistant.assistant_id}
                    icon={<RotateCcw aria-hidden className="size-4" />}
                    onClick={() => restore.mutate(assistant)}
                  >
                    {words.restore}
                  </Button>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </div>
  );
}
