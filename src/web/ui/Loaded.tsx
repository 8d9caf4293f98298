import type { UseQueryResult } from '@tanstack/react-query';
import { History, WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '../../client-transport.ts';
import { useFormat, useText } from '../text/text.tsx';
import { Notice } from './Notice.tsx';
import { Problem, RateLimited } from './Problem.tsx';
import { useNowMs } from './clock.ts';

type Freshness = { stale?: boolean; as_of?: string | null };

type LoadedProps<Data> = { query: UseQueryResult<Data>; skeleton: ReactNode; children: (data: Data) => ReactNode };

/** Draws a question to the server in each of its states: on its way, offline, refused, failed, old, and answered. */
export function Loaded<Data>({ query, skeleton, children }: LoadedProps<Data>) {
  if (query.data === undefined) return <Waiting query={query} skeleton={skeleton} />;
  return (
    <>
      <OldData query={query} />
      {children(query.data)}
    </>
  );
}

function Waiting({ query, skeleton }: { query: UseQueryResult; skeleton: ReactNode }) {
  const { problems } = useText();
  if (query.error !== null) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.fetchStatus === 'paused') {
    return (
      <Notice tone="warn" icon={WifiOff} title={problems.titles.offline}>
        {problems.offlineBody}
      </Notice>
    );
  }
  const pause = rateLimitOf(query);
  return (
    <div className="flex flex-col gap-5">
      {pause !== undefined && <RateLimited key={query.failureCount} error={pause} />}
      {skeleton}
    </div>
  );
}

/** Says that what stands below is not the newest, why, and since when. */
function OldData({ query }: { query: UseQueryResult }) {
  const { problems } = useText();
  const format = useFormat();
  const nowMs = useNowMs(15_000);
  const data = query.data as Freshness;
  const pause = rateLimitOf(query);
  if (pause !== undefined) return <RateLimited key={query.failureCount} error={pause} />;
  if (query.error !== null) {
    return <Problem error={query.error} title={problems.staleBecause} onRetry={() => void query.refetch()} />;
  }
  if (data?.stale !== true) return null;
  const age = data.as_of == null ? '' : format.age(data.as_of, nowMs);
  return (
    <Notice tone="warn" icon={History} title={problems.staleTitle(age)}>
      {problems.stale}
    </Notice>
  );
}

function rateLimitOf(query: UseQueryResult): ApiError | undefined {
  const reason = query.error ?? query.failureReason;
  return reason instanceof ApiError && reason.code === 'rate_limited' && query.fetchStatus === 'fetching'
    ? reason
    : undefined;
}
