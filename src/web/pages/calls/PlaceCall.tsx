import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { newId } from '../../../client-transport.ts';
import { api } from '../../api/api.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { toastSuccess } from '../../ui/toast.ts';

const NUMBER = /^\+[1-9]\d{6,14}$/;

/** Lets an assistant call somebody. One key for each opening of the form: a second click cannot ring twice. */
export function PlaceCall({ assistantId, onClose }: { assistantId?: string; onClose: () => void }) {
  const { calls, words } = useText();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [idempotencyKey] = useState(newId);
  const [to, setTo] = useState('');
  const [name, setName] = useState('');
  const [isTried, setIsTried] = useState(false);
  const number = to.replace(/[\s().-]/g, '');
  const isNumber = NUMBER.test(number);
  const place = useMutation({
    mutationFn: () =>
      api.calls.place(
        {
          to: number,
          ...(assistantId === undefined ? {} : { assistant_id: assistantId }),
          ...(name.trim() === '' ? {} : { customer_name: name.trim() }),
        },
        { idempotencyKey },
      ),
    onSuccess: ({ call }) => {
      toastSuccess(calls.placed);
      void queryClient.invalidateQueries({ queryKey: ['calls', 'list'] });
      onClose();
      void navigate({ to: paths.call(call.id) });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (isNumber && !place.isPending) place.mutate();
  };
  return (
    <Dialog title={calls.place} lead={calls.placeLead} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <TextField
          label={calls.placeTo}
          hint={calls.placeToHint}
          error={isTried && !isNumber ? calls.placeInvalid : undefined}
          type="tel"
          autoComplete="off"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        <TextField
          label={`${calls.placeName} (${words.optional})`}
          maxLength={40}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {place.error !== null && <Problem error={place.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={place.isPending}>
            {calls.place}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
