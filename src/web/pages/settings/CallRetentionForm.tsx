import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import type { retentionSchema } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Select } from '../../ui/Field.tsx';
import { toastSuccess } from '../../ui/toast.ts';

type Retention = z.output<typeof retentionSchema>;

const CHOICES = [30, 90, 180, 365, 730, null];

/** How long calls are kept; a shorter time deletes, so it asks first. */
export function CallRetentionForm({ retention }: { retention: Retention }) {
  const { callRules } = useText();
  const mayEdit = useMay('admin');
  const queryClient = useQueryClient();
  const [days, setDays] = useState(retention.days);
  const [isSure, setIsSure] = useState<'unasked' | 'asked'>('unasked');
  const choices = CHOICES.includes(retention.days) ? CHOICES : [retention.days, ...CHOICES];
  const save = useMutation({
    mutationFn: () => api.calls.putRetention({ days }),
    onSuccess: (saved) => {
      queryClient.setQueryData(['call-rules', 'retention'], saved);
      toastSuccess(callRules.retentionSaved);
      setIsSure('unasked');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsSure('asked');
  };
  return (
    <Card title={callRules.retentionTitle} lead={callRules.retentionLead}>
      <form onSubmit={submit}>
        <fieldset disabled={!mayEdit} className="flex max-w-lg flex-wrap items-end gap-3">
          <div className="min-w-48 flex-1">
            <Select
              label={callRules.keep}
              value={days ?? ''}
              onChange={(event) => setDays(event.target.value === '' ? null : Number(event.target.value))}
            >
              {choices.map((choice) => (
                <option key={choice ?? ''} value={choice ?? ''}>
                  {choice === null ? callRules.forEver : callRules.days(choice)}
                </option>
              ))}
            </Select>
          </div>
          {mayEdit && (
            <Button kind="primary" type="submit" disabled={days === retention.days}>
              {callRules.saveRetention}
            </Button>
          )}
        </fieldset>
      </form>
      {isSure === 'asked' && (
        <Confirm
          title={callRules.retentionConfirm(days === null ? callRules.forEver : callRules.days(days))}
          body={days === null ? callRules.retentionLonger : callRules.retentionDeletes}
          action={callRules.saveRetention}
          busy={save.isPending}
          error={save.error}
          onConfirm={() => save.mutate()}
          onClose={() => setIsSure('unasked')}
        />
      )}
    </Card>
  );
}
