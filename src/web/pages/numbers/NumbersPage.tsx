import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronRight, Hash, TriangleAlert } from 'lucide-react';
import type { PhoneNumber } from '../../../features/phone-numbers/contract.ts';
import { assistantsQuery } from '../../api/assistants.ts';
import { numbersQuery } from '../../api/queries.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Page } from '../../ui/Page.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';

function NoNumbers() {
  const { now, numbers } = useText();
  return (
    <EmptyState
      icon={Hash}
      title={numbers.emptyTitle}
      action={<LinkButton to={paths.integrations()}>{now.connectTwilio}</LinkButton>}
    >
      {numbers.emptyBody}
    </EmptyState>
  );
}

export default function NumbersPage() {
  const { numbers } = useText();
  const query = useQuery(numbersQuery);
  return (
    <Page title={numbers.title} lead={numbers.lead}>
      <Loaded query={query} skeleton={<SkeletonRows rows={4} />}>
        {(list) =>
          list.numbers.length === 0 ? (
            <NoNumbers />
          ) : (
            <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
              {list.numbers.map((number) => (
                <NumberRow key={number.sid} number={number} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

function NumberRow({ number }: { number: PhoneNumber }) {
  const { numbers } = useText();
  const format = useFormat();
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to={paths.number(number.sid)}
        className="grid min-h-[4.5rem] grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-3 transition-colors hover:bg-hover sm:px-5 md:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_auto_auto]"
      >
        <span className="min-w-0">
          <span className="block font-medium tabular-nums">{format.phone(number.phone_number)}</span>
          <span className="block truncate text-sm text-muted">{number.friendly_name}</span>
        </span>
        <span className="min-w-0 text-sm max-md:col-start-1 max-md:row-start-2">
          <AssistantOf number={number} />
          <span className="block text-muted">{numbers.modes[number.routing_mode ?? 'unset']}</span>
        </span>
        <span className="max-md:col-start-1">
          {number.problems.length > 0 && (
            <Badge tone="warn" icon={<TriangleAlert aria-hidden />}>
              {numbers.problems}
            </Badge>
          )}
        </span>
        <ChevronRight aria-hidden className="size-4 text-faint max-md:col-start-2 max-md:row-start-1" />
      </Link>
    </li>
  );
}

function AssistantOf({ number }: { number: PhoneNumber }) {
  const { numbers } = useText();
  const { data } = useQuery(assistantsQuery);
  if (number.routing_mode === null || number.routing_mode === 'off') return null;
  const name = data?.assistants.find((one) => one.assistant_id === number.assistant_id)?.name;
  return <span className="block truncate">{name ?? numbers.noAssistant}</span>;
}
