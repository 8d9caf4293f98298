import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
import { api } from '../../api/api.ts';
import { numbersQuery } from '../../api/queries.ts';
import { paths } from '../../paths.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadingArea, Skeleton } from '../../ui/Skeleton.tsx';
import { BringToVapi } from './BringToVapi.tsx';
import { RoutingForm } from './RoutingForm.tsx';
import { RoutingTestCard } from './RoutingTestCard.tsx';

export default function NumberPage() {
  const { numbers, server } = useText();
  const format = useFormat();
  const { sid = '' } = useParams({ strict: false });
  const routing = useQuery({
    queryKey: ['numbers', 'routing', sid],
    queryFn: ({ signal }) => api.numbers.routing(sid, { signal }),
  });
  const list = useQuery(numbersQuery);
  const known = list.data?.numbers.find((one) => one.sid === sid);
  const number = routing.data?.phone_number ?? known?.phone_number;
  return (
    <Page
      title={number === undefined ? numbers.number : format.phone(number)}
      lead={known?.friendly_name}
      actions={known !== undefined && <BringToVapi number={known} />}
      above={
        <Link to={paths.numbers()} className="inline-flex items-center gap-1 font-medium hover:text-ink">
          <ChevronLeft aria-hidden className="size-4" />
          {numbers.backToNumbers}
        </Link>
      }
    >
      <Loaded query={routing} skeleton={<RoutingSkeleton />}>
        {(loaded) => (
          <>
            {loaded.warnings.length > 0 && (
              <Notice tone="warn" title={numbers.warnings}>
                <ul className="list-disc pl-4">
                  {loaded.warnings.map(({ code, detail }) => (
                    <li key={code}>{server.warning(code) ?? detail}</li>
                  ))}
                </ul>
              </Notice>
            )}
            <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
              <RoutingForm routing={loaded} />
              <RoutingTestCard sid={sid} />
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function RoutingSkeleton() {
  return (
    <LoadingArea>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <Skeleton className="h-[34rem] w-full" />
        <Skeleton className="h-64 w-full" />
      </div>
    </LoadingArea>
  );
}
