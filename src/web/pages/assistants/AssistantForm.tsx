import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Assistant } from '../../../features/assistants/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import type { Text } from '../../text/en.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { FieldConflicts } from '../../ui/FieldConflicts.tsx';
import { type Stand, useMergedSave } from '../../ui/merged-save.ts';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { type AssistantDraft, changesOf, draftOf } from './assistant-draft.ts';
import { AssistantFields } from './AssistantFields.tsx';

export function AssistantForm({ assistant }: { assistant: Assistant }) {
  const text = useText();
  const { assistants, problems, words } = text;
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const id = assistant.assistant_id;
  const [isTried, setIsTried] = useState(false);
  const form = useMergedSave<AssistantDraft, Awaited<ReturnType<typeof api.assistants.change>>>({
    draftId: `assistant/${id}`,
    saved: standOf(assistant),
    load: async () => standOf((await api.assistants.get(id)).assistant),
    send: ({ base, etag, fields }) => api.assistants.change(id, changesOf(base, fields), { ifMatch: etag }),
    onSaved: (reply) => {
      expectOwnEcho('assistants');
      queryClient.setQueryData(['assistants', 'one', id], reply);
      void queryClient.invalidateQueries({ queryKey: ['assistants', 'list'] });
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      toastSuccess(assistants.saved(reply.assistant.name));
      setIsTried(false);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (form.fields.name.trim() !== '') form.save();
  };
  const discard = () => {
    setIsTried(false);
    form.discard();
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-5">
      <fieldset disabled={!mayEdit || form.isPending} className="flex min-w-0 flex-col gap-5">
        <AssistantFields draft={form.fields} showsErrors={isTried} onChange={form.change} />
      </fieldset>
      {form.conflict !== undefined && (
        <FieldConflicts
          by={form.conflict.fresh.by}
          busy={form.isPending}
          onChoose={form.choose}
          onClose={form.postpone}
          conflicts={form.conflict.fields.map((field) => ({
            field,
            name: namesOf(text)[field],
            theirs: form.conflict?.fresh.fields[field] ?? '',
            mine: form.conflict?.mine[field] ?? '',
          }))}
        />
      )}
      {form.error !== null && <Problem error={form.error} title={problems.titles.action} />}
      {form.isDirty && (
        <div className="sticky bottom-16 z-10 flex items-center justify-between gap-3 rounded-lg bg-raised px-4 py-3 shadow-float lg:bottom-4">
          <p className="text-sm text-muted">{words.unsaved}</p>
          <div className="flex gap-2">
            <Button kind="quiet" disabled={form.isPending} onClick={discard}>
              {words.discard}
            </Button>
            <Button kind="primary" type="submit" busy={form.isPending}>
              {assistants.save}
            </Button>
          </div>
        </div>
      )}
    </form>
  );
}

function standOf(assistant: Assistant): Stand<AssistantDraft> {
  return { fields: draftOf(assistant), etag: assistant.etag, by: null };
}

function namesOf({ assistants }: Text): Record<keyof AssistantDraft, string> {
  return {
    name: assistants.name,
    first_message: assistants.firstMessage,
    first_message_mode: assistants.mode,
    prompt: assistants.prompt,
    model_provider: `${assistants.model}: ${assistants.provider}`,
    model: `${assistants.model}: ${assistants.modelName}`,
    voice_provider: `${assistants.voice}: ${assistants.provider}`,
    voice_id: assistants.voice,
    transcriber_provider: `${assistants.transcriber}: ${assistants.provider}`,
    transcriber_model: `${assistants.transcriber}: ${assistants.modelName}`,
    language: assistants.language,
  };
}
