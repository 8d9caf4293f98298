import { useEffect, useState } from 'react';
import { useText } from '../text/text.tsx';
import { classes } from './classes.ts';

export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={classes('skeleton block', className)} />;
}

const SLOW_MS = 6000;

/** What stands in for content that is on its way; after a while it says that it knows. */
export function LoadingArea({ children }: { children: React.ReactNode }) {
  const text = useText();
  const isSlow = useIsLaterThan(SLOW_MS);
  return (
    <div role="status" aria-label={text.words.loading}>
      {children}
      {isSlow && <p className="mt-3 text-sm text-muted">{text.words.stillLoading}</p>}
    </div>
  );
}

/** Rows of a list, as high as the real ones. */
export function SkeletonRows({ rows = 5 }: { rows?: number }) {
  return (
    <LoadingArea>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        {Array.from({ length: rows }, (_, index) => (
          <div key={index} className="flex h-[4.25rem] items-center gap-4 border-b border-line px-5 last:border-b-0">
            <Skeleton className="size-8 rounded-full" />
            <div className="flex-1 space-y-2">
              <Skeleton className="h-3.5 w-1/3" />
              <Skeleton className="h-3 w-1/2" />
            </div>
            <Skeleton className="h-5 w-20" />
          </div>
        ))}
      </div>
    </LoadingArea>
  );
}

function useIsLaterThan(ms: number): boolean {
  const [isLater, setIsLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLater(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return isLater;
}
