import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CalendarDays } from 'lucide-react';
import { useState } from 'react';
import type { CalendarConnectionWire } from '../../../features/calendars/contract.ts';
import { api } from '../../api/api.ts';
import { useMay } from '../../session/use-session.ts';
import { useText } from '../../text/text.tsx';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { UpcomingEvents } from './UpcomingEvents.tsx';

const TONES: Record<CalendarConnectionWire['state'], Tone> = {
  connected: 'good',
  not_connected: 'neutral',
  reconnect: 'warn',
};

export function Calendars() {
  const { integrations } = useText();
  const query = useQuery({
    queryKey: ['calendars'],
    queryFn: ({ signal }) => api.calendars.connections({ signal }),
  });
  return (
    <Card title={integrations.calendarsTitle} lead={integrations.calendarsLead}>
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-28 w-full" />
          </LoadingArea>
        }
      >
        {({ connections, stub }) => (
          <ul className="-my-2 flex flex-col divide-y divide-line">
            {connections.map((connection) => (
              <Calendar key={connection.provider} connection={connection} isStub={stub} />
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

function Calendar({ connection, isStub }: { connection: CalendarConnectionWire; isStub: boolean }) {
  const { integrations } = useText();
  const mayEdit = useMay('admin');
  const [isOpen, setIsOpen] = useState(false);
  const [isLeaving, setIsLeaving] = useState(false);
  const name = integrations.providers[connection.provider];
  const connect = useMutation({
    mutationFn: () => api.calendars.connect(connection.provider),
    onSuccess: ({ authorize_url: url }) => location.assign(url),
  });
  const isConnected = connection.state === 'connected';
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <span aria-hidden className="flex size-9 items-center justify-center rounded-md bg-hover text-muted">
          <CalendarDays className="size-4" />
        </span>
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-2 font-medium">
            {name} <Badge tone={TONES[connection.state]}>{integrations.states[connection.state]}</Badge>
          </span>
          <span className="block text-sm text-muted">
            {!connection.configured && integrations.notConfigured}
            {connection.connected_by !== null && integrations.connectedBy(connection.connected_by)}
          </span>
        </span>
        {(isConnected || isStub) && (
          <Button size="small" kind="quiet" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            {integrations.upcoming}
          </Button>
        )}
        {mayEdit && isConnected && (
          <Button size="small" kind="quiet" onClick={() => setIsLeaving(true)}>
            {integrations.disconnect}
          </Button>
        )}
        {mayEdit && !isConnected && connection.configured && (
          <Button size="small" busy={connect.isPending} onClick={() => connect.mutate()}>
            {connection.state === 'reconnect' ? integrations.reconnect : integrations.connect}
          </Button>
        )}
      </div>
      {connect.error !== null && (
        <div className="mt-3">
          <Problem error={connect.error} />
        </div>
      )}
      {isOpen && <UpcomingEvents provider={connection.provider} />}
      {isLeaving && <Disconnect provider={connection.provider} name={name} onClose={() => setIsLeaving(false)} />}
    </li>
  );
}

type DisconnectProps = { provider: CalendarConnectionWire['provider']; name: string; onClose: () => void };

function Disconnect({ provider, name, onClose }: DisconnectProps) {
  const { integrations } = useText();
  const queryClient = useQueryClient();
  const leave = useMutation({
    mutationFn: () => api.calendars.disconnect(provider),
    onSuccess: () => {
      toastSuccess(integrations.disconnected);
      void queryClient.invalidateQueries({ queryKey: ['calendars'] });
      onClose();
    },
  });
  return (
    <Confirm
      title={integrations.disconnectTitle(name)}
      body={integrations.disconnectBody}
      action={integrations.disconnect}
      busy={leave.isPending}
      error={leave.error}
      onConfirm={() => leave.mutate()}
      onClose={onClose}
    />
  );
}
