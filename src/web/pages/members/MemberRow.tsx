import { useMutation, useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import type { MemberWire } from '../../../features/accounts/contract.ts';
import { api } from '../../api/api.ts';
import { useMay, useSession } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { IconButton } from '../../ui/Button.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Select } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';

const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;

export function MemberRow({ member }: { member: MemberWire }) {
  const { members, words } = useText();
  const mayEdit = useMay('admin');
  const { user } = useSession();
  const queryClient = useQueryClient();
  const [isRemoving, setIsRemoving] = useState(false);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['members'] });
  const change = useMutation({
    mutationFn: (role: MemberWire['role']) => api.members.change(member.user_id, { role }, { ifMatch: member.etag }),
    onSuccess: (_answer, role) => {
      toastSuccess(members.changed(member.email, members.roles[role]));
      void refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => api.members.remove(member.user_id, { ifMatch: member.etag }),
    onSuccess: () => {
      toastSuccess(members.removed(member.email));
      void refresh();
    },
  });
  return (
    <li className="border-b border-line px-4 py-3 last:border-b-0 sm:px-5">
      <div className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-2">
        <span className="min-w-0 flex-1 basis-56">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="truncate font-medium">{member.email}</span>
            {member.user_id === user.id && <Badge>{members.you}</Badge>}
            {member.operator && <Badge tone="accent">{members.operator}</Badge>}
          </span>
          <span className="block text-sm text-muted">{members.roleExplains[member.role]}</span>
        </span>
        {mayEdit ? (
          <>
            <Select
              label={members.roleOf(member.email)}
              hidesLabel
              value={change.isPending ? change.variables : member.role}
              disabled={change.isPending}
              onChange={(event) => change.mutate(event.target.value as MemberWire['role'])}
            >
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {members.roles[role]}
                </option>
              ))}
            </Select>
            <IconButton label={members.removeOf(member.email)} onClick={() => setIsRemoving(true)}>
              <X aria-hidden className="size-4" />
            </IconButton>
          </>
        ) : (
          <Badge>{members.roles[member.role]}</Badge>
        )}
      </div>
      {change.error !== null && (
        <div className="mt-2">
          <Problem error={change.error} onRetry={() => void refresh()} />
        </div>
      )}
      {isRemoving && (
        <Confirm
          title={members.removeTitle(member.email)}
          body={members.removeBody}
          action={words.remove}
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setIsRemoving(false)}
        />
      )}
    </li>
  );
}
