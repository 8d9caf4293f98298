import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AlertWire } from '../../../features/alerts/contract.ts';
import { api } from '../../api/api.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Facts } from '../../ui/Facts.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { SEVERITY_TONES } from '../../ui/severity.ts';
import { toastSuccess } from '../../ui/toast.ts';
import { SilenceDialog } from './SilenceDialog.tsx';

/** What is wrong, what it means, what to do, and who was told. */
export function AlertItem({ alert }: { alert: AlertWire }) {
  const { operations, server } = useText();
  const { alerts } = operations;
  const said = server.alert(alert.rule) ?? alert;
  const format = useFormat();
  const queryClient = useQueryClient();
  const [isSilencing, setIsSilencing] = useState(false);
  const acknowledge = useMutation({
    mutationFn: () => api.alerts.acknowledge(alert.id),
    onSuccess: () => {
      toastSuccess(alerts.acknowledgedToast);
      void queryClient.invalidateQueries({ queryKey: ['alerts'] });
    },
  });
  const isOver = alert.state === 'resolved';
  return (
    <li className="rounded-lg border border-line bg-surface px-4 py-4 shadow-card sm:px-5">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <Badge tone={isOver ? 'neutral' : SEVERITY_TONES[alert.severity]}>{alerts.severities[alert.severity]}</Badge>
        <p className="min-w-0 flex-1 basis-60 font-medium">{said.summary}</p>
        {!isOver && (
          <div className="flex gap-2">
            {alert.acknowledged_at === null && (
              <Button size="small" busy={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
                {alerts.acknowledge}
              </Button>
            )}
            <Button size="small" kind="quiet" onClick={() => setIsSilencing(true)}>
              {alerts.silence}
            </Button>
          </div>
        )}
      </div>
      <div className="mt-3">
        <Facts
          facts={[
            [alerts.since, <Age key="since" at={alert.started_at} />],
            [alerts.meaning, said.meaning],
            [alerts.action, said.action],
            [alerts.told, <Told key="told" alert={alert} />],
          ]}
        />
      </div>
      {alert.acknowledged_by !== null && (
        <p className="mt-3 text-sm text-muted">{alerts.acknowledged(alert.acknowledged_by)}</p>
      )}
      {alert.silenced_until !== null && (
        <p className="mt-3 text-sm text-muted">{alerts.silencedUntil(format.dateTime(alert.silenced_until))}</p>
      )}
      {acknowledge.error !== null && (
        <div className="mt-3">
          <Problem error={acknowledge.error} />
        </div>
      )}
      {isSilencing && <SilenceDialog alert={alert} onClose={() => setIsSilencing(false)} />}
    </li>
  );
}

function Told({ alert }: { alert: AlertWire }) {
  const { operations, words } = useText();
  const { alerts } = operations;
  if (alert.notifications.length === 0) return <>{words.none}</>;
  return (
    <ul>
      {alert.notifications.map(({ channel, kind, outcome, problem, at }) => (
        <li key={`${channel} ${kind} ${at}`}>
          {alerts.channelNames[channel]}: {alerts.outcomes[outcome]}
          {problem !== null && <span className="text-bad"> ({problem})</span>} · <Age at={at} />
        </li>
      ))}
    </ul>
  );
}
