import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronRight, CircleCheck, TriangleAlert } from 'lucide-react';
import type { PhoneNumber } from '../../../features/phone-numbers/contract.ts';
import type { RoutingVerdict } from '../../../features/phone-numbers/routing-contract.ts';
import { routingNowQuery } from '../../api/queries.ts';
import { useIsLive } from '../../live/live.ts';
import { paths } from '../../paths.ts';
import type { Text } from '../../text/en.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { classes } from '../../ui/classes.ts';
import { Problem } from '../../ui/Problem.tsx';
import { RouteIcon } from '../../ui/Route.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';

const SHOWN_AT_ONCE = 8;
const POLL_MS = 60_000;

/** One sentence for all numbers, then each number: who answers, and why. */
export function NumbersNow({ numbers }: { numbers: PhoneNumber[] }) {
  const text = useText();
  const isLive = useIsLive();
  const now = useQuery({ ...routingNowQuery, refetchInterval: isLive ? false : POLL_MS });
  const routed = numbers.filter(isRouted);
  const shown = [...routed, ...numbers.filter((number) => !isRouted(number))].slice(0, SHOWN_AT_ONCE);
  const tests = new Map(now.data?.tests.map((test) => [test.sid, test]));
  const known = routed.map(({ sid }) => tests.get(sid)).filter((test) => test !== undefined);
  const rest = numbers.length - shown.length;
  return (
    <section aria-label={text.now.numbersTitle} className="flex flex-col gap-5">
      {now.error === null ? (
        <Verdict tests={known} isComplete={now.data !== undefined} count={numbers.length} />
      ) : (
        <Problem error={now.error} onRetry={() => void now.refetch()} />
      )}
      <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {shown.map((number) => (
          <NumberRow key={number.sid} number={number} test={tests.get(number.sid)} hasFailed={now.error !== null} />
        ))}
        {rest > 0 && (
          <li className="px-5 py-3 text-sm">
            <Link to={paths.numbers()} className="font-medium text-accent hover:underline">
              {text.now.moreNumbers(rest)}
            </Link>
          </li>
        )}
      </ul>
    </section>
  );
}

function isRouted({ routing_mode: mode }: PhoneNumber): boolean {
  return mode !== null && mode !== 'off';
}

function Verdict({ tests, isComplete, count }: { tests: RoutingVerdict[]; isComplete: boolean; count: number }) {
  const { now } = useText();
  if (!isComplete) {
    return (
      <div role="status" aria-label={now.checking} className="min-h-[4.25rem]">
        <Skeleton className="mt-1 h-7 w-96 max-w-full" />
        <Skeleton className="mt-3 h-4 w-64 max-w-full" />
      </div>
    );
  }
  const routed = tests.length;
  if (routed === 0) return <Sentence isGood={false} sentence={now.noneRouted} lead={now.noneRoutedLead} />;
  const byAi = tests.filter(({ route }) => route === 'ai').length;
  const isGood = byAi === routed;
  const elsewhere = count - routed;
  const sentence = isGood
    ? elsewhere === 0
      ? now.allGood(count)
      : now.routedGood(routed)
    : byAi === 0
      ? now.noneByAi(routed)
      : now.someElse(byAi, routed);
  const lead = isGood ? (elsewhere === 0 ? now.goodLead : now.elsewhere(elsewhere)) : now.stillHeard;
  return <Sentence isGood={isGood} sentence={sentence} lead={lead} />;
}

function Sentence({ isGood, sentence, lead }: { isGood: boolean; sentence: string; lead: string }) {
  const Icon = isGood ? CircleCheck : TriangleAlert;
  return (
    <div role="status" className="flex min-h-[4.25rem] items-start gap-3">
      <Icon
        aria-hidden
        className={classes('mt-1 size-7 shrink-0', isGood ? 'text-good' : 'text-warn')}
        strokeWidth={1.75}
      />
      <div>
        <p className="text-2xl font-semibold tracking-[-0.02em] text-balance">{sentence}</p>
        <p className="mt-1 text-muted">{lead}</p>
      </div>
    </div>
  );
}

type RowProps = { number: PhoneNumber; test: RoutingVerdict | undefined; hasFailed: boolean };

function NumberRow({ number, test, hasFailed }: RowProps) {
  const format = useFormat();
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to={paths.number(number.sid)}
        className="grid min-h-[4.75rem] grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-4 gap-y-2 px-4 py-3 transition-colors hover:bg-hover sm:px-5 md:grid-cols-[auto_minmax(0,14rem)_minmax(0,1fr)_auto]"
      >
        <Sign number={number} test={test} />
        <span className="min-w-0">
          <span className="block font-medium tabular-nums">{format.phone(number.phone_number)}</span>
          <span className="block truncate text-sm text-muted">{number.friendly_name}</span>
        </span>
        <span className="min-w-0 max-md:col-span-3 max-md:row-start-2">
          <Answer number={number} test={test} hasFailed={hasFailed} />
        </span>
        <ChevronRight aria-hidden className="size-4 text-faint max-md:col-start-3 max-md:row-start-1" />
      </Link>
    </li>
  );
}

function Sign({ number, test }: { number: PhoneNumber; test: RoutingVerdict | undefined }) {
  if (!isRouted(number)) return <RouteIcon route="none" />;
  return test === undefined ? <Skeleton className="size-9 rounded-full" /> : <RouteIcon route={test.route} />;
}

type AnswerProps = { number: PhoneNumber; test: RoutingVerdict | undefined; hasFailed: boolean };

function Answer({ number, test, hasFailed }: AnswerProps) {
  const text = useText();
  if (!isRouted(number)) {
    return (
      <>
        <span className="block text-muted">{text.now.notRouted}</span>
        <span className="block text-sm text-muted">{text.now.notRoutedWhy}</span>
      </>
    );
  }
  if (test === undefined) return hasFailed ? null : <Skeleton className="h-4 w-48" />;
  return (
    <>
      <span className="block font-medium">{text.now.hears[test.route]}</span>
      <span className="block text-sm text-muted">{whyOf(test, text)}</span>
    </>
  );
}

function whyOf(test: RoutingVerdict, text: Text): string {
  const why = text.calls.routeReasons[test.reason] ?? test.why;
  if (test.route === 'ai') return text.now.otherwise(nextOf(test, text));
  const firstRung = test.steps.find(({ does }) => does === 'ring')?.people?.[0]?.name;
  return test.route === 'person' && firstRung !== undefined ? `${firstRung}. ${why}` : why;
}

/** Who is next when the assistant cannot, by name and in order. */
function nextOf({ steps }: RoutingVerdict, { now }: Text): string[] {
  return steps.flatMap(({ does, people = [] }) => {
    if (does === 'ring') return people.map(({ name }) => name);
    return does === 'assistant' ? [] : [now.ends[does] ?? ''];
  });
}
