import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../../client-transport.ts';
import type { Assistant } from '../../../features/assistants/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Notice } from '../../ui/Notice.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { type AssistantDraft, changesOf, draftOf } from './assistant-draft.ts';
import { AssistantFields } from './AssistantFields.tsx';

export function AssistantForm({ assistant }: { assistant: Assistant }) {
  const { assistants, numbers, problems, words } = useText();
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const id = assistant.assistant_id;
  const [draft, setDraft] = useDraft<AssistantDraft>(`assistant/${id}`);
  const [isTried, setIsTried] = useState(false);
  const saved = draftOf(assistant);
  const current = draft ?? saved;
  const save = useMutation({
    mutationFn: (ifMatch: string) => api.assistants.change(id, changesOf(saved, current), { ifMatch }),
    onSuccess: (reply) => {
      expectOwnEcho('assistants');
      queryClient.setQueryData(['assistants', 'one', id], reply);
      void queryClient.invalidateQueries({ queryKey: ['assistants', 'list'] });
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      toastSuccess(assistants.saved(reply.assistant.name));
      discard();
    },
  });
  const discard = () => {
    save.reset();
    setIsTried(false);
    setDraft(undefined);
  };
  const reload = () => {
    discard();
    void queryClient.invalidateQueries({ queryKey: ['assistants', 'one', id] });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (current.name.trim() !== '' && !save.isPending) save.mutate(assistant.etag);
  };
  const conflict = save.error instanceof ApiError && save.error.status === 412 ? save.error : undefined;

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-5">
      <fieldset disabled={!mayEdit || save.isPending} className="flex min-w-0 flex-col gap-5">
        <AssistantFields
          draft={current}
          showsErrors={isTried}
          onChange={(changes) => setDraft({ ...current, ...changes })}
        />
      </fieldset>
      {conflict !== undefined && (
        <Notice
          tone="warn"
          role="alert"
          actions={
            <>
              <Button size="small" onClick={reload}>
                {numbers.takeTheirs}
              </Button>
              <Button size="small" onClick={() => save.mutate('*')}>
                {numbers.saveMine}
              </Button>
            </>
          }
        >
          {assistants.conflict}
        </Notice>
      )}
      {save.error !== null && conflict === undefined && <Problem error={save.error} title={problems.titles.action} />}
      {draft !== undefined && (
        <div className="sticky bottom-16 z-10 flex items-center justify-between gap-3 rounded-lg bg-raised px-4 py-3 shadow-float lg:bottom-4">
          <p className="text-sm text-muted">{words.unsaved}</p>
          <div className="flex gap-2">
            <Button kind="quiet" disabled={save.isPending} onClick={discard}>
              {words.discard}
            </Button>
            <Button kind="primary" type="submit" busy={save.isPending}>
              {assistants.save}
            </Button>
          </div>
        </div>
      )}
    </form>
  );
}
