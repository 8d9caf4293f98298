import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

/** Where alerts go, and whether they arrive. */
export function AlertChannels() {
  const { alerts } = useText().operations;
  const query = useQuery({
    queryKey: ['alerts', 'channels'],
    queryFn: ({ signal }) => api.alerts.channels({ signal }),
  });
  const test = useMutation({ mutationFn: () => api.alerts.test({}) });
  return (
    <Card
      title={alerts.channels}
      actions={
        <Button size="small" busy={test.isPending} onClick={() => test.mutate()}>
          {alerts.test}
        </Button>
      }
    >
      <Loaded
        query={query}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-24 w-full" />
          </LoadingArea>
        }
      >
        {({ channels }) => (
          <ul className="-my-1.5 divide-y divide-line">
            {channels.map((channel) => (
              <li key={channel.channel} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
                <span className="w-28 font-medium">{alerts.channelNames[channel.channel]}</span>
                <Badge tone={channel.configured ? 'good' : 'neutral'}>
                  {channel.configured ? alerts.configured : alerts.notConfigured}
                </Badge>
                <span className="flex-1 text-sm text-muted">
                  {channel.severities.map((severity) => alerts.severities[severity]).join(', ')}
                </span>
                {channel.last_delivered_at !== null && (
                  <span className="text-sm text-muted">
                    {alerts.lastDelivered('')}
                    <Age at={channel.last_delivered_at} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {test.error !== null && (
        <div className="mt-4">
          <Problem error={test.error} />
        </div>
      )}
      {test.data !== undefined && (
        <ul role="status" className="mt-4 flex flex-col gap-1 rounded-md bg-sunken p-3 text-sm">
          {test.data.results.map(({ channel, detail }) => (
            <li key={channel}>
              <span className="font-medium">{alerts.channelNames[channel]}</span>: {detail}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
