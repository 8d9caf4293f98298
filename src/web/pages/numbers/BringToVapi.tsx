import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CloudUpload } from 'lucide-react';
import type { PhoneNumber } from '../../../features/phone-numbers/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { sentenceFor } from '../../ui/Problem.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

/** A number that Vapi does not know yet cannot be answered by an assistant; one click imports it there. */
export function BringToVapi({ number }: { number: PhoneNumber }) {
  const text = useText();
  const mayImport = useMay('admin');
  const queryClient = useQueryClient();
  const bring = useMutation({
    mutationFn: () => api.numbers.import(number.sid, {}),
    onSuccess: () => {
      toastSuccess(text.numbers.imported);
      void queryClient.invalidateQueries({ queryKey: ['numbers'] });
      void queryClient.invalidateQueries({ queryKey: ['routing-tests'] });
    },
    onError: (error) => toastError(text.problems.titles.action, { description: sentenceFor(error, text) }),
  });
  if (number.vapi_phone_number_id !== null || number.stub === true || !mayImport) return null;
  return (
    <Button busy={bring.isPending} icon={<CloudUpload aria-hidden className="size-4" />} onClick={() => bring.mutate()}>
      {text.numbers.import}
    </Button>
  );
}
