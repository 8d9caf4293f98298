import { useEffect } from 'react';
import type { ApiError } from '../../client-transport.ts';
import { resumeSession } from '../session/session.ts';
import { useText } from '../text/text.tsx';
import { Problem } from '../ui/Problem.tsx';
import { Skeleton } from '../ui/Skeleton.tsx';
import { Mark } from './Mark.tsx';

/** The outline of the shell, while it is not known yet who is there. */
export function Starting() {
  const { shell } = useText();
  return (
    <div role="status" aria-label={shell.connecting} className="flex min-h-dvh">
      <div className="hidden w-60 shrink-0 flex-col gap-3 border-r border-line px-5 pt-5 lg:flex">
        <Mark className="mb-5 size-7" />
        {Array.from({ length: 7 }, (_, index) => (
          <Skeleton key={index} className="h-5 w-36" />
        ))}
      </div>
      <div className="mx-auto w-full max-w-[70rem] space-y-5 px-4 pt-9 sm:px-8">
        <Skeleton className="h-7 w-48" />
        <Skeleton className="h-36 w-full" />
        <Skeleton className="h-64 w-full" />
      </div>
    </div>
  );
}

const NEXT_TRY_MS = 8000;

/** AVA did not answer the first question; it is asked again by itself. */
export function Unreachable({ error }: { error: ApiError }) {
  const { problems, shell } = useText();
  const isPause = error.code === 'rate_limited';
  useEffect(() => {
    const timer = setTimeout(() => void resumeSession(), (error.retryAfterMs ?? NEXT_TRY_MS) + 300);
    return () => clearTimeout(timer);
  }, [error]);
  return (
    <main className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center gap-5 px-4">
      <Mark className="size-9" />
      <h1 className="text-xl font-semibold">{isPause ? problems.titles.rateLimited : shell.unreachableTitle}</h1>
      <Problem error={error} onRetry={() => void resumeSession()} />
    </main>
  );
}
