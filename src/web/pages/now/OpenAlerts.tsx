import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { alertsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { SEVERITY_TONES } from '../../ui/severity.ts';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

export function OpenAlerts() {
  const { now, operations, server, shell } = useText();
  const alerts = useQuery({ ...alertsQuery('open'), refetchInterval: usePollMs() });
  return (
    <Card
      title={now.alertsTitle}
      actions={
        <Link to={paths.alerts()} className="text-sm font-medium text-accent hover:underline">
          {shell.nav.alerts}
        </Link>
      }
    >
      <Loaded
        query={alerts}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-16 w-full" />
          </LoadingArea>
        }
      >
        {({ alerts: open }) => (
          <ul className="flex flex-col gap-3">
            {open.length === 0 && <li className="py-1 text-muted">{now.noAlerts}</li>}
            {open.slice(0, 4).map((alert) => (
              <li key={alert.id} className="flex items-start gap-3">
                <Badge tone={SEVERITY_TONES[alert.severity]}>{operations.alerts.severities[alert.severity]}</Badge>
                <span className="min-w-0 flex-1">{server.alert(alert.rule)?.summary ?? alert.summary}</span>
                <span className="text-sm whitespace-nowrap text-muted">
                  <Age at={alert.fired_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}
