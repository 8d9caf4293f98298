import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Copy, PhoneCall, Star, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { newId } from '../../../client-transport.ts';
import type { Assistant } from '../../../features/assistants/contract.ts';
import { api } from '../../api/api.ts';
import { paths } from '../../paths.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { sentenceFor } from '../../ui/Problem.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { PlaceCall } from '../calls/PlaceCall.tsx';

/** What can be done with a whole assistant. */
export function AssistantActions({ assistant }: { assistant: Assistant }) {
  const text = useText();
  const { assistants } = text;
  const mayEdit = useMay('editor');
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState<'none' | 'remove' | 'call'>('none');
  const id = assistant.assistant_id;
  const refresh = () => void queryClient.invalidateQueries({ queryKey: ['assistants'] });
  const onError = (error: Error) => toastError(text.problems.titles.action, { description: sentenceFor(error, text) });
  const duplicate = useMutation({
    mutationFn: () => api.assistants.duplicate(id, {}, { idempotencyKey: newId() }),
    onError,
    onSuccess: (reply) => {
      refresh();
      toastSuccess(assistants.duplicated(reply.assistant.name));
      void navigate({ to: paths.assistant(reply.assistant.assistant_id) });
    },
  });
  const makeDefault = useMutation({
    mutationFn: () => api.assistants.change(id, { default: true }, { ifMatch: assistant.etag }),
    onError,
    onSuccess: () => {
      refresh();
      toastSuccess(assistants.madeDefault(assistant.name));
    },
  });
  const remove = useMutation({
    mutationFn: () => api.assistants.remove(id, { ifMatch: assistant.etag }),
    onSuccess: () => {
      toastSuccess(assistants.removed(assistant.name));
      void navigate({ to: paths.assistants() }).then(refresh);
    },
  });
  if (!mayEdit) return null;
  return (
    <>
      <Button icon={<PhoneCall aria-hidden className="size-4" />} onClick={() => setOpen('call')}>
        {assistants.try}
      </Button>
      {!assistant.default && (
        <Button
          busy={makeDefault.isPending}
          icon={<Star aria-hidden className="size-4" />}
          onClick={() => makeDefault.mutate()}
        >
          {assistants.makeDefault}
        </Button>
      )}
      <Button
        busy={duplicate.isPending}
        icon={<Copy aria-hidden className="size-4" />}
        onClick={() => duplicate.mutate()}
      >
        {assistants.duplicate}
      </Button>
      <IconButton label={assistants.remove} onClick={() => setOpen('remove')}>
        <Trash2 aria-hidden className="size-4" />
      </IconButton>
      {open === 'call' && <PlaceCall assistantId={id} onClose={() => setOpen('none')} />}
      {open === 'remove' && (
        <Confirm
          title={assistants.removeTitle(assistant.name)}
          body={assistants.removeBody}
          action={assistants.remove}
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setOpen('none')}
        />
      )}
    </>
  );
}
