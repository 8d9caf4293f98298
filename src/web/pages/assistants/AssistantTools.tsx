import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AssistantToolList, ToolName } from '../../../features/assistant-tools/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { sentenceFor } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { Switch } from '../../ui/Switch.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

/** What the assistant may do during a talk, beside talking. Each switch counts at once. */
export function AssistantTools({ assistantId }: { assistantId: string }) {
  const { assistants } = useText();
  const query = useQuery({
    queryKey: ['assistants', 'tools', assistantId],
    queryFn: ({ signal }) => api.assistants.tools(assistantId, { signal }),
  });
  return (
    <div className="max-w-3xl">
      <Card title={assistants.tools} lead={assistants.toolsLead}>
        <Loaded query={query} skeleton={<ToolsSkeleton />}>
          {(list) => <Tools list={list} />}
        </Loaded>
      </Card>
    </div>
  );
}

function Tools({ list }: { list: AssistantToolList }) {
  const text = useText();
  const { assistants } = text;
  const mayEdit = useMay('editor');
  const queryClient = useQueryClient();
  const { assistant_id: id } = list;
  const save = useMutation({
    mutationFn: (tools: ToolName[]) => api.assistants.putTools(id, { tools }, { ifMatch: list.etag }),
    onSuccess: (saved) => {
      expectOwnEcho('assistants');
      queryClient.setQueryData(['assistants', 'tools', id], saved);
      // The tools are a part of the assistant, so its form has to begin from the newer state.
      void queryClient.invalidateQueries({ queryKey: ['assistants', 'one', id] });
      toastSuccess(assistants.toolsSaved);
    },
    onError: (error) => {
      void queryClient.invalidateQueries({ queryKey: ['assistants', 'tools', id] });
      toastError(text.problems.titles.action, { description: sentenceFor(error, text) });
    },
  });
  const turn = (name: ToolName, isOn: boolean) =>
    save.mutate(list.tools.filter((tool) => (tool.name === name ? isOn : tool.enabled)).map((tool) => tool.name));
  return (
    <ul className="flex flex-col gap-4">
      {list.tools.map(({ name, enabled }) => (
        <li key={name}>
          <Switch
            label={assistants.toolNames[name]}
            checked={save.isPending && save.variables.includes(name) !== enabled ? !enabled : enabled}
            disabled={!mayEdit || save.isPending}
            onChange={(isOn) => turn(name, isOn)}
          />
          <p className="mt-1 text-sm text-muted">{assistants.toolHints[name]}</p>
        </li>
      ))}
    </ul>
  );
}

function ToolsSkeleton() {
  return (
    <LoadingArea>
      <Skeleton className="h-40 w-full" />
    </LoadingArea>
  );
}
