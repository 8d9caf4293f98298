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
import { CredentialCard } from '../settings/CredentialCard.tsx';

const KEY = ['credentials', 'twilio'];
const SID = /^AC[0-9a-fA-F]{32}$/;

export function TwilioCredential() {
  const { credentials } = useText();
  const [isRemoving, setIsRemoving] = useState(false);
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.twilioCredential.get({ signal }) });
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
            title={credentials.twilioTitle}
            lead={credentials.twilioLead}
            status={status}
            more={status.account_sid !== null && <p className="font-mono text-xs text-muted">{status.account_sid}</p>}
            onRemove={() => setIsRemoving(true)}
            form={(close) => <TwilioForm isReplacing={status.configured} onDone={close} />}
          />
          {isRemoving && <RemoveTwilio onClose={() => setIsRemoving(false)} />}
        </>
      )}
    </Loaded>
  );
}

function TwilioForm({ isReplacing, onDone }: { isReplacing: boolean; onDone: () => void }) {
  const { credentials, words } = useText();
  const queryClient = useQueryClient();
  const [sid, setSid] = useState('');
  const [token, setToken] = useState('');
  const [isTried, setIsTried] = useState(false);
  const isSid = SID.test(sid.trim());
  const isTooShort = token.trim().length < 8;
  const save = useMutation({
    mutationFn: () => api.twilioCredential.put({ account_sid: sid.trim(), auth_token: token.trim() }),
    onSuccess: (status) => {
      queryClient.setQueryData(KEY, status);
      void queryClient.invalidateQueries({ queryKey: ['numbers'] });
      toastSuccess(credentials.twilioSaved);
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (isSid && !isTooShort && !save.isPending) save.mutate();
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-lg flex-col gap-4">
      <TextField
        label={credentials.accountSid}
        hint={credentials.sidHint}
        error={isTried && !isSid ? credentials.sidHint : undefined}
        spellCheck={false}
        autoComplete="off"
        className="font-mono"
        value={sid}
        onChange={(event) => setSid(event.target.value)}
      />
      <TextField
        label={credentials.authToken}
        error={isTried && isTooShort ? credentials.tooShort : undefined}
        type="password"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      {save.error !== null && <Problem error={save.error} />}
      <div className="flex gap-2">
        <Button kind="primary" type="submit" busy={save.isPending}>
          {words.save}
        </Button>
        {isReplacing && <Button onClick={onDone}>{words.cancel}</Button>}
      </div>
    </form>
  );
}

function RemoveTwilio({ onClose }: { onClose: () => void }) {
  const { credentials, words } = useText();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.twilioCredential.remove(),
    onSuccess: () => {
      toastSuccess(credentials.twilioRemoved);
      void queryClient.invalidateQueries({ queryKey: KEY });
      onClose();
    },
  });
  return (
    <Confirm
      title={credentials.twilioRemoveTitle}
      body={credentials.twilioRemoveBody}
      action={words.remove}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
