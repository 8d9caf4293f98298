import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { newId } from '../../../client-transport.ts';
import { api } from '../../api/api.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { useDraft } from '../../ui/draft.ts';
import { Page } from '../../ui/Page.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { type AssistantDraft, changesOf, NEW_DRAFT } from './assistant-draft.ts';
import { AssistantFields } from './AssistantFields.tsx';

export default function NewAssistantPage() {
  const { assistants, problems, words } = useText();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [draft = NEW_DRAFT, setDraft] = useDraft<AssistantDraft>('assistant/new');
  const [idempotencyKey] = useState(newId);
  const [isTried, setIsTried] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      api.assistants.create({ ...changesOf(undefined, draft), name: draft.name.trim() }, { idempotencyKey }),
    onSuccess: ({ assistant }) => {
      setDraft(undefined);
      toastSuccess(assistants.created(assistant.name));
      void queryClient.invalidateQueries({ queryKey: ['assistants'] });
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      void navigate({ to: paths.assistant(assistant.assistant_id) });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (draft.name.trim() !== '' && !create.isPending) create.mutate();
  };
  return (
    <Page
      title={assistants.create}
      above={
        <Link to={paths.assistants()} className="inline-flex items-center gap-1 font-medium hover:text-ink">
          <ChevronLeft aria-hidden className="size-4" />
          {assistants.backToAssistants}
        </Link>
      }
    >
      <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-5">
        <AssistantFields
          draft={draft}
          showsErrors={isTried}
          onChange={(changes) => setDraft({ ...draft, ...changes })}
        />
        {create.error !== null && <Problem error={create.error} title={problems.titles.action} />}
        <div className="flex gap-2">
          <Button kind="primary" type="submit" busy={create.isPending}>
            {assistants.create}
          </Button>
          <LinkButton to={paths.assistants()}>{words.cancel}</LinkButton>
        </div>
      </form>
    </Page>
  );
}
