import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { CredentialCard } from './CredentialCard.tsx';

const KEY = ['credentials', 'vapi'];

export function VapiCredential() {
  const { credentials } = useText();
  const [isRemoving, setIsRemoving] = useState(false);
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.vapiCredential.get({ signal }) });
  return (
    <Loaded
      query={query}
      skeleton={
        <LoadingArea>
          <Skeleton className="h-40 w-full" />
        </LoadingArea>
      }
    >
      {(status) => (
        <>
          <CredentialCard
            key={String(status.configured)}
            title={credentials.vapiTitle}
            lead={credentials.vapiLead}
            status={status}
            onRemove={() => setIsRemoving(true)}
            form={(close) => <KeyForm isReplacing={status.configured} onDone={close} />}
          />
          {isRemoving && <RemoveKey onClose={() => setIsRemoving(false)} />}
        </>
      )}
    </Loaded>
  );
}

function KeyForm({ isReplacing, onDone }: { isReplacing: boolean; onDone: () => void }) {
  const { credentials, words } = useText();
  const queryClient = useQueryClient();
  const [apiKey, setApiKey] = useState('');
  const [isTried, setIsTried] = useState(false);
  const isTooShort = apiKey.trim().length < 8;
  const save = useMutation({
    mutationFn: () => api.vapiCredential.put({ api_key: apiKey.trim() }),
    onSuccess: (status) => {
      queryClient.setQueryData(KEY, status);
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      void queryClient.invalidateQueries({ queryKey: ['assistants'] });
      toastSuccess(credentials.saved);
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (!isTooShort && !save.isPending) save.mutate();
  };
  return (
    <form onSubmit={submit} className="flex max-w-lg flex-col gap-4">
      <TextField
        label={credentials.apiKey}
        hint={credentials.apiKeyHint}
        error={isTried && isTooShort ? credentials.tooShort : undefined}
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={apiKey}
        onChange={(event) => setApiKey(event.target.value)}
      />
      {save.error !== null && <Problem error={save.error} />}
      <div className="flex gap-2">
        <Button kind="primary" type="submit" busy={save.isPending}>
          {credentials.saveKey}
        </Button>
        {isReplacing && <Button onClick={onDone}>{words.cancel}</Button>}
      </div>
    </form>
  );
}

function RemoveKey({ onClose }: { onClose: () => void }) {
  const { credentials, words } = useText();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.vapiCredential.remove(),
    onSuccess: () => {
      toastSuccess(credentials.removed);
      void queryClient.invalidateQueries({ queryKey: KEY });
      onClose();
    },
  });
  return (
    <Confirm
      title={credentials.removeTitle}
      body={credentials.removeBody}
      action={words.remove}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
