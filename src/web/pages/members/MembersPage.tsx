import { useInfiniteQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { MoreButton } from '../../ui/MoreButton.tsx';
import { Page } from '../../ui/Page.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { AddMember } from './AddMember.tsx';
import { MemberRow } from './MemberRow.tsx';

export default function MembersPage() {
  const { members } = useText();
  const mayEdit = useMay('admin');
  const [isAdding, setIsAdding] = useState(false);
  const query = useInfiniteQuery({
    queryKey: ['members'],
    queryFn: ({ pageParam, signal }) => api.members.list({ limit: 50, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return (
    <Page
      title={members.title}
      lead={members.lead}
      actions={
        mayEdit && (
          <Button kind="primary" icon={<UserPlus aria-hidden className="size-4" />} onClick={() => setIsAdding(true)}>
            {members.add}
          </Button>
        )
      }
    >
      {!mayEdit && <p className="text-muted">{members.needsAdmin}</p>}
      <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
        {({ pages }) => (
          <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
            {pages
              .flatMap((page) => page.members)
              .map((member) => (
                <MemberRow key={member.user_id} member={member} />
              ))}
          </ul>
        )}
      </Loaded>
      <MoreButton query={query} />
      {isAdding && <AddMember onClose={() => setIsAdding(false)} />}
    </Page>
  );
}
