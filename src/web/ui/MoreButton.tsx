import { useText } from '../text/text.tsx';
import { Button } from './Button.tsx';
import { Problem } from './Problem.tsx';

type Paged = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: Error | null;
  fetchNextPage: () => unknown;
};

/** The next page of a list, below what is there. */
export function MoreButton({ query }: { query: Paged }) {
  const { words } = useText();
  if (!query.hasNextPage) return null;
  return (
    <div className="mt-4 flex flex-col items-center gap-3">
      {query.isFetchNextPageError && query.error !== null && <Problem error={query.error} />}
      <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {words.showMore}
      </Button>
    </div>
  );
}
