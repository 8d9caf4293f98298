import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import type { Circuit } from '../../ui/CircuitState.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Select, TextField } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';

type DialogProps = { circuit: Circuit; name: string; action: 'isolate' | 'close'; onClose: () => void };

/** Isolating and closing by hand: never without a reason, and isolation ends by itself unless one wants otherwise. */
export function CircuitDialog({ circuit, name, action, onClose }: DialogProps) {
  const { operations, words } = useText();
  const { circuits } = operations;
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState('15');
  const [isTried, setIsTried] = useState(false);
  const isIsolating = action === 'isolate';
  const change = useMutation({
    mutationFn: () =>
      isIsolating
        ? api.circuits.isolate(circuit.circuit, { reason, ...(minutes === '' ? {} : { minutes: Number(minutes) }) })
        : api.circuits.close(circuit.circuit, { reason }),
    onSuccess: () => {
      toastSuccess(isIsolating ? circuits.isolated(name) : circuits.closed(name));
      void queryClient.invalidateQueries({ queryKey: ['circuits'] });
      void queryClient.invalidateQueries({ queryKey: ['routing-tests'] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (reason.trim() !== '' && !change.isPending) change.mutate();
  };
  return (
    <Dialog
      title={isIsolating ? circuits.isolateTitle(name) : circuits.closeTitle(name)}
      lead={isIsolating ? circuits.isolateBody : circuits.closeBody}
      onClose={onClose}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={words.reason}
          hint={words.reasonHint}
          maxLength={200}
          value={reason}
          error={isTried && reason.trim() === '' ? circuits.reasonNeeded : undefined}
          onChange={(event) => setReason(event.target.value)}
        />
        {isIsolating && (
          <Select label={circuits.expires} value={minutes} onChange={(event) => setMinutes(event.target.value)}>
            {['5', '15', '60', '480', ''].map((choice) => (
              <option key={choice} value={choice}>
                {circuits.expiries[choice]}
              </option>
            ))}
          </Select>
        )}
        {change.error !== null && <Problem error={change.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind={isIsolating ? 'danger' : 'primary'} type="submit" busy={change.isPending}>
            {isIsolating ? circuits.isolate : circuits.closeCircuit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
