import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { AlertWire } from '../../../features/alerts/contract.ts';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Select, TextField } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';

const CHOICES_MINUTES = [15, 60, 240, 1440];

export function SilenceDialog({ alert, onClose }: { alert: AlertWire; onClose: () => void }) {
  const { operations, words } = useText();
  const { alerts, circuits } = operations;
  const format = useFormat();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState(60);
  const [isTried, setIsTried] = useState(false);
  const silence = useMutation({
    mutationFn: () => api.alerts.silence({ rule: alert.rule, resource: alert.resource, reason, minutes }),
    onSuccess: () => {
      toastSuccess(alerts.silenced);
      void queryClient.invalidateQueries({ queryKey: ['alerts'] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (reason.trim() !== '' && !silence.isPending) silence.mutate();
  };
  return (
    <Dialog title={alerts.silenceTitle} lead={alerts.silenceBody} onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={words.reason}
          maxLength={200}
          value={reason}
          error={isTried && reason.trim() === '' ? circuits.reasonNeeded : undefined}
          onChange={(event) => setReason(event.target.value)}
        />
        <Select label={alerts.silenceFor} value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
          {CHOICES_MINUTES.map((choice) => (
            <option key={choice} value={choice}>
              {format.span(choice * 60)}
            </option>
          ))}
        </Select>
        {silence.error !== null && <Problem error={silence.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={silence.isPending}>
            {alerts.silence}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
