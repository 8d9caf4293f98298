import { type ReactNode, useEffect, useRef, useState } from 'react';

type LongListProps<Row> = { rows: Row[]; draw: (row: Row) => ReactNode; isBusy?: boolean };

const BLOCK_ROWS = 20;
/** What a row is high before it was drawn, in rem. */
const ROW_REM = 4.5;
/** How far outside the window blocks are drawn already. */
const MARGIN = '900px 0px';

/** A list of rows that stays fast with ten thousand of them: blocks far from the window keep their height and nothing else. */
export function LongList<Row>({ rows, draw, isBusy = false }: LongListProps<Row>) {
  const blocks = Array.from({ length: Math.ceil(rows.length / BLOCK_ROWS) }, (_, index) =>
    rows.slice(index * BLOCK_ROWS, (index + 1) * BLOCK_ROWS),
  );
  return (
    <div
      aria-busy={isBusy}
      className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card transition-opacity aria-busy:opacity-60"
    >
      {blocks.map((block, index) => (
        <Block key={index} rows={block} draw={draw} isFirst={index === 0} />
      ))}
    </div>
  );
}

type BlockProps<Row> = { rows: Row[]; draw: (row: Row) => ReactNode; isFirst: boolean };

function Block<Row>({ rows, draw, isFirst }: BlockProps<Row>) {
  const place = useRef<HTMLUListElement>(null);
  const [away, setAway] = useState<{ height: string } | undefined>(
    isFirst ? undefined : { height: `${rows.length * ROW_REM}rem` },
  );
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const watcher = new IntersectionObserver(
      ([entry]) => {
        // Focus inside must not be lost, however far one has scrolled.
        const isNear = entry?.isIntersecting === true || element.contains(document.activeElement);
        setAway(isNear ? undefined : { height: `${element.offsetHeight}px` });
      },
      { rootMargin: MARGIN },
    );
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return (
    <ul ref={place} style={away} {...(away === undefined ? {} : { role: 'presentation' })}>
      {away === undefined && rows.map(draw)}
    </ul>
  );
}
