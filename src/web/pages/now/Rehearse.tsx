import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PhoneCall, Wrench, Zap } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { sentenceFor } from '../../ui/Problem.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

const OUTAGE_SECONDS = 60;

/** Demo mode: let somebody call, and break a vendor, to see what happens. */
export function Rehearse() {
  const text = useText();
  const mayRehearse = useMay('editor');
  const queryClient = useQueryClient();
  const [isBroken, setIsBroken] = useState(false);
  const onError = (error: Error) => toastError(text.problems.titles.action, { description: sentenceFor(error, text) });
  const soon = () => {
    setTimeout(() => void queryClient.invalidateQueries({ queryKey: ['calls'] }), 4000);
  };
  const call = useMutation({
    mutationFn: () => api.demo.placeCall(),
    onError,
    onSuccess: () => {
      toastSuccess(text.now.callPlaced, { description: text.now.callPlacedNote });
      soon();
    },
  });
  const outage = useMutation({
    mutationFn: () =>
      isBroken ? api.demo.mendVendor('vapi') : api.demo.breakVendor({ vendor: 'vapi', seconds: OUTAGE_SECONDS }),
    onError,
    onSuccess: () => {
      if (isBroken) toastSuccess(text.now.vapiMended);
      else toastSuccess(text.now.vapiBroken, { description: text.now.vapiBrokenNote });
      setIsBroken(!isBroken);
      if (!isBroken) setTimeout(() => setIsBroken(false), OUTAGE_SECONDS * 1000);
    },
  });
  if (!mayRehearse) return null;
  return (
    <div role="group" aria-label={text.now.demoTitle} title={text.now.demoLead} className="flex flex-wrap gap-2">
      <Button busy={call.isPending} icon={<PhoneCall aria-hidden className="size-4" />} onClick={() => call.mutate()}>
        {text.now.placeCall}
      </Button>
      <Button
        busy={outage.isPending}
        icon={isBroken ? <Wrench aria-hidden className="size-4" /> : <Zap aria-hidden className="size-4" />}
        onClick={() => outage.mutate()}
      >
        {isBroken ? text.now.mendVapi : text.now.breakVapi}
      </Button>
    </div>
  );
}
