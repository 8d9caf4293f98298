import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import type { WebhookEvent } from '../../../features/webhook-inbox/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { CopyId } from '../../ui/CopyId.tsx';
import { Sheet } from '../../ui/Dialog.tsx';
import { Facts } from '../../ui/Facts.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';

/** One message of a vendor: what became of it, what AVA kept, and another try. */
export function WebhookSheet({ event, onClose }: { event: WebhookEvent; onClose: () => void }) {
  const { operations, words } = useText();
  const { webhooks } = operations;
  const format = useFormat();
  const mayReplay = useMay('operator');
  const queryClient = useQueryClient();
  const query = useQuery({
    queryKey: ['webhooks', 'one', event.id],
    queryFn: ({ signal }) => api.webhooks.get(event.id, { signal }),
  });
  const replay = useMutation({
    mutationFn: () => api.webhooks.replay(event.id),
    onSuccess: () => {
      toastSuccess(webhooks.replayed);
      void queryClient.invalidateQueries({ queryKey: ['webhooks'] });
      onClose();
    },
  });
  const call = event.vapi_call_id ?? event.twilio_call_sid;
  return (
    <Sheet
      title={event.type}
      lead={`${event.vendor === 'vapi' ? 'Vapi' : 'Twilio'} · ${webhooks.states[event.state]}`}
      onClose={onClose}
    >
      <div className="flex flex-col gap-5">
        {event.problem !== null && <p className="rounded-md bg-warn-soft p-3 text-sm">{event.problem}</p>}
        <Facts
          facts={[
            [webhooks.received, format.dateTime(event.received_at)],
            [
              words.correlationId,
              <CopyId key="id" value={event.correlation_id} what={words.correlationId} className="-ml-1.5" />,
            ],
            [
              webhooks.call,
              call === null ? words.none : <CopyId key="call" value={call} what={webhooks.call} className="-ml-1.5" />,
            ],
            [webhooks.state, `${webhooks.states[event.state]} · ${webhooks.attempts(event.attempts)}`],
          ]}
        />
        {mayReplay && (
          <div>
            <Button
              busy={replay.isPending}
              icon={<RotateCw aria-hidden className="size-4" />}
              onClick={() => replay.mutate()}
            >
              {webhooks.replay}
            </Button>
          </div>
        )}
        {replay.error !== null && <Problem error={replay.error} />}
        <div>
          <p className="mb-2 text-sm font-medium">{webhooks.detail}</p>
          <Loaded
            query={query}
            skeleton={
              <LoadingArea>
                <Skeleton className="h-40 w-full" />
              </LoadingArea>
            }
          >
            {({ webhook }) => (
              <pre className="overflow-x-auto rounded-md bg-sunken p-3 font-mono text-xs leading-relaxed" tabIndex={0}>
                {JSON.stringify(webhook.kept, null, 2)}
              </pre>
            )}
          </Loaded>
        </div>
      </div>
    </Sheet>
  );
}
