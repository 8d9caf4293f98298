import { LoadingArea, Skeleton } from '../ui/Skeleton.tsx';

/** Stands in while the code of a page is on its way. */
export function PageSkeleton() {
  return (
    <div className="mx-auto w-full max-w-[70rem] px-4 pt-6 sm:px-8 sm:pt-9">
      <LoadingArea>
        <div className="space-y-5">
          <Skeleton className="h-7 w-56" />
          <Skeleton className="h-4 w-80 max-w-full" />
          <Skeleton className="h-64 w-full" />
        </div>
      </LoadingArea>
    </div>
  );
}
