import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import type { RoutingTest } from '../../../features/phone-numbers/routing-contract.ts';
import { routingTestQuery } from '../../api/queries.ts';
import type { Text } from '../../text/en.ts';
import { useText } from '../../text/text.tsx';
import { Age } from '../../ui/Age.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { RouteIcon } from '../../ui/Route.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';

/** What a caller of this number would hear at this moment, step by step, and why. */
export function RoutingTestCard({ sid }: { sid: string }) {
  const { numbers } = useText();
  const test = useQuery(routingTestQuery(sid));
  return (
    <Card title={numbers.testTitle}>
      <Loaded
        query={test}
        skeleton={
          <LoadingArea>
            <Skeleton className="h-44 w-full" />
          </LoadingArea>
        }
      >
        {(result) => <Result result={result} />}
      </Loaded>
      <div className="mt-4">
        <Button
          size="small"
          busy={test.isFetching}
          icon={<RefreshCw aria-hidden className="size-4" />}
          onClick={() => void test.refetch()}
        >
          {numbers.testAgain}
        </Button>
      </div>
    </Card>
  );
}

function Result({ result }: { result: RoutingTest }) {
  const text = useText();
  const { calls, now, numbers } = text;
  return (
    <>
      <div className="flex items-center gap-3">
        <RouteIcon route={result.route} />
        <div>
          <p className="font-semibold">{now.hears[result.route]}</p>
          <p className="text-sm text-muted">{calls.routeReasons[result.reason] ?? result.why}</p>
        </div>
      </div>
      <ol className="mt-4 flex flex-col gap-2.5 border-t border-line pt-4">
        {result.steps.map((step, index) => (
          <li key={index} className="flex gap-3">
            <span
              aria-hidden
              className="flex size-5 shrink-0 items-center justify-center rounded-full bg-hover text-xs font-medium text-muted tabular-nums"
            >
              {index + 1}
            </span>
            <span className="min-w-0 break-words">{sentenceOf(step, text)}</span>
          </li>
        ))}
      </ol>
      <details className="mt-4 text-sm">
        <summary className="w-fit rounded-sm text-muted hover:text-ink">{numbers.twiml}</summary>
        <pre className="mt-2 max-h-64 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs leading-relaxed break-all whitespace-pre-wrap">
          {result.fallback_twiml}
        </pre>
      </details>
      <p className="mt-3 text-xs text-faint">
        {numbers.tested} <Age at={result.at} />
      </p>
    </>
  );
}

/** What the caller hears stays in the number's language; what AVA does is said in the reader's. */
function sentenceOf(
  { does, text: spoken, people = [], seconds }: RoutingTest['steps'][number],
  { numbers, server }: Text,
): string {
  if (does === 'assistant') return server.assistantStep;
  if (does !== 'ring' || seconds === undefined) return numbers.stepSays(numbers.stepKinds[does] ?? does, spoken);
  return people.length === 1 ? server.ringStep(people[0]?.name ?? '', seconds) : server.ringAllStep(seconds);
}
