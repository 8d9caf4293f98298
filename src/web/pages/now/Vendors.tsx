import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { circuitsQuery } from '../../api/queries.ts';
import { usePollMs } from '../../live/live.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { type Circuit, CircuitState, nameOfCircuit } from '../../ui/CircuitState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

/** Each vendor's circuit in one line. */
export function Vendors() {
  const text = useText();
  const format = useFormat();
  const circuits = useQuery({ ...circuitsQuery, refetchInterval: usePollMs() });
  return (
    <Card
      title={text.now.breakersTitle}
      actions={
        <Link to={paths.circuitBreakers()} className="text-sm font-medium text-accent hover:underline">
          {text.shell.nav.circuitBreakers}
        </Link>
      }
    >
      <Loaded
        query={circuits}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-32 w-full" />
          </LoadingArea>
        }
      >
        {({ circuit_breakers: list }) => (
          <ul className="-my-1">
            {worthShowing(list).map((one) => (
              <li key={one.circuit} className="flex min-h-9 items-center gap-3 py-1">
                <span className="flex-1 truncate">{nameOfCircuit(one, text)}</span>
                {one.state !== 'closed' && (
                  <span className="text-sm text-muted tabular-nums">{format.span(one.not_closed_seconds)}</span>
                )}
                <CircuitState state={one.state} words={text.now.breakerStates} />
              </li>
            ))}
            {list.length === 0 && <li className="py-2 text-muted">{text.operations.circuits.emptyBody}</li>}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

/** Every vendor, and a credential's own circuit only while something is wrong with it. */
function worthShowing(list: Circuit[]): Circuit[] {
  return list.filter(
    ({ upstream, scope, state }) => upstream !== 'simulator' && (scope === 'upstream' || state !== 'closed'),
  );
}
