import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SettingsDrift } from '../../../features/vapi-settings/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { shown } from '../../ui/Diff.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { nameOfSetting } from './setting-name.ts';

type DriftProps = { count: number; assistantId: string | undefined };

/** Somebody changed the assistant at Vapi, past AVA: what differs, and which side holds from now on. */
export function DriftBanner({ count, assistantId }: DriftProps) {
  const { settings } = useText();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Notice
        tone="warn"
        title={settings.driftTitle(count)}
        actions={
          <Button size="small" onClick={() => setIsOpen(true)}>
            {settings.driftReview}
          </Button>
        }
      >
        {settings.driftBody}
      </Notice>
      {isOpen && <DriftDialog count={count} assistantId={assistantId} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function DriftDialog({ count, assistantId, onClose }: DriftProps & { onClose: () => void }) {
  const { settings } = useText();
  const mayEdit = useMay('editor');
  const queryClient = useQueryClient();
  const drift = useQuery({
    queryKey: ['settings', 'drift', assistantId ?? 'default'],
    queryFn: ({ signal }) => api.settings.drift({ assistant_id: assistantId, signal }),
  });
  const settle = useMutation({
    mutationFn: (action: 'adopt' | 'revert') => api.settings.settleDrift({ action }, { assistant_id: assistantId }),
    onSuccess: (_outcome, action) => {
      toastSuccess(action === 'adopt' ? settings.adopted : settings.reverted);
      void queryClient.invalidateQueries({ queryKey: ['settings'] });
      onClose();
    },
  });
  return (
    <Dialog
      size="wide"
      title={settings.driftTitle(count)}
      lead={settings.driftBody}
      onClose={onClose}
      actions={
        mayEdit && (
          <>
            <Button
              busy={settle.isPending && settle.variables === 'revert'}
              disabled={settle.isPending}
              onClick={() => settle.mutate('revert')}
            >
              {settings.revert}
            </Button>
            <Button
              kind="primary"
              busy={settle.isPending && settle.variables === 'adopt'}
              disabled={settle.isPending}
              onClick={() => settle.mutate('adopt')}
            >
              {settings.adopt}
            </Button>
          </>
        )
      }
    >
      {settle.error !== null && <Problem error={settle.error} />}
      <Loaded
        query={drift}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-24" />
          </LoadingArea>
        }
      >
        {(found) => <DriftList found={found} />}
      </Loaded>
    </Dialog>
  );
}

function DriftList({ found }: { found: SettingsDrift }) {
  const text = useText();
  return (
    <dl className="flex flex-col gap-4">
      {found.drift.map(({ key, agreed, actual }) => (
        <div key={key}>
          <dt className="mb-1.5 font-medium">{nameOfSetting(key, text)}</dt>
          <dd className="grid gap-3 sm:grid-cols-2">
            <div className="rounded-md border border-line bg-sunken p-3">
              <p className="mb-1 text-xs font-medium text-muted">{text.settings.driftAgreed}</p>
              <p className="break-words whitespace-pre-wrap">{shown(agreed, text.words.none)}</p>
            </div>
            <div className="rounded-md border border-warn/40 bg-warn-soft p-3">
              <p className="mb-1 text-xs font-medium text-muted">{text.settings.driftActual}</p>
              <p className="break-words whitespace-pre-wrap">{shown(actual, text.words.none)}</p>
            </div>
          </dd>
        </div>
      ))}
    </dl>
  );
}
