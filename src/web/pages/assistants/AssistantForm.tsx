import { useQueryClient } from '@tanstack/react-query';
import type { Assistant } from '../../../features/assistants/contract.ts';
import { api } from '../../api/api.ts';
import { expectOwnEcho } from '../../live/echo.ts';
import { useMay } from '../../session/use-session.ts';
import type { Text } from '../../text/en.ts';
import { useText } from '../../text/text.tsx';
import { type Stand, useMergedSave } from '../../ui/merged-save.ts';
import { MergedForm } from '../../ui/MergedForm.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { type AssistantDraft, changesOf, draftOf } from './assistant-draft.ts';
import { AssistantFields } from './AssistantFields.tsx';

export function AssistantForm({ assistant }: { assistant: Assistant }) {
  const text = useText();
  const { assistants } = text;
  const queryClient = useQueryClient();
  const mayEdit = useMay('editor');
  const id = assistant.assistant_id;
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
    },
  });
  return (
    <MergedForm
      form={form}
      isComplete={form.fields.name.trim() !== ''}
      mayEdit={mayEdit}
      saveLabel={assistants.save}
      nameOf={(field) => namesOf(text)[field]}
      wordsFor={(_field, value) => String(value ?? '')}
      className="max-w-3xl"
    >
      <AssistantFields draft={form.fields} showsErrors={form.isTried} onChange={form.change} />
    </MergedForm>
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
