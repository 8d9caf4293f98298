import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronLeft, SlidersHorizontal } from 'lucide-react';
import { api } from '../../api/api.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { AssistantActions } from './AssistantActions.tsx';
import { AssistantForm } from './AssistantForm.tsx';
import { AssistantTools } from './AssistantTools.tsx';

export default function AssistantPage() {
  const { assistants } = useText();
  const { id = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['assistants', 'one', id],
    queryFn: ({ signal }) => api.assistants.get(id, { signal }),
  });
  const assistant = query.data?.assistant;
  return (
    <Page
      title={assistant?.name ?? assistants.title}
      lead={assistant?.default === true && <Badge tone="accent">{assistants.default}</Badge>}
      above={
        <Link to={paths.assistants()} className="inline-flex items-center gap-1 font-medium hover:text-ink">
          <ChevronLeft aria-hidden className="size-4" />
          {assistants.backToAssistants}
        </Link>
      }
      actions={assistant !== undefined && <AssistantActions assistant={assistant} />}
    >
      <Loaded query={query} skeleton={<FormSkeleton />}>
        {(reply) => (
          <>
            {!reply.assistant.connected && (
              <Notice tone="warn" title={assistants.notConnected}>
                {assistants.notConnectedHint}
              </Notice>
            )}
            <p>
              <Link
                to={paths.vapiRemoteSettings()}
                search={{ assistant: id }}
                className="inline-flex items-center gap-2 font-medium text-accent hover:underline"
              >
                <SlidersHorizontal aria-hidden className="size-4" />
                {assistants.settingsLink}
              </Link>
            </p>
            <AssistantForm assistant={reply.assistant} />
            <AssistantTools assistantId={id} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function FormSkeleton() {
  return (
    <LoadingArea>
      <div className="max-w-3xl space-y-5">
        <Skeleton className="h-[30rem] w-full" />
        <Skeleton className="h-64 w-full" />
      </div>
    </LoadingArea>
  );
}
