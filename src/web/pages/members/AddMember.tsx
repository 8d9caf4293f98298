import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { MemberWire } from '../../../features/accounts/contract.ts';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Select, TextField } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';

const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
const LEAST_LENGTH = 10;

export function AddMember({ onClose }: { onClose: () => void }) {
  const { members, signIn, words } = useText();
  const queryClient = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<MemberWire['role']>('editor');
  const [password, setPassword] = useState('');
  const [isTried, setIsTried] = useState(false);
  const isTooShort = password !== '' && password.length < LEAST_LENGTH;
  const add = useMutation({
    mutationFn: () => api.members.add({ email: email.trim(), role, ...(password === '' ? {} : { password }) }),
    onSuccess: () => {
      toastSuccess(members.added(email.trim()));
      void queryClient.invalidateQueries({ queryKey: ['members'] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (email.trim() !== '' && !isTooShort && !add.isPending) add.mutate();
  };
  return (
    <Dialog title={members.add} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <TextField
          label={members.email}
          type="email"
          autoComplete="off"
          value={email}
          error={isTried && email.trim() === '' ? signIn.required : undefined}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Select
          label={members.role}
          hint={members.roleExplains[role]}
          value={role}
          onChange={(event) => setRole(event.target.value as MemberWire['role'])}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {members.roles[one]}
            </option>
          ))}
        </Select>
        <TextField
          label={`${members.password} (${words.optional})`}
          hint={members.passwordHint}
          type="password"
          autoComplete="new-password"
          value={password}
          error={isTried && isTooShort ? members.passwordHint : undefined}
          onChange={(event) => setPassword(event.target.value)}
        />
        {add.error !== null && <Problem error={add.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={add.isPending}>
            {members.add}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
