import { ArrowRight } from 'lucide-react';
import { useText } from '../text/text.tsx';
import { wordDiff } from './diff.ts';

/** What a value was and what it became. Texts show the words that differ. */
export function Diff({ before, after }: { before: unknown; after: unknown }) {
  const { words } = useText();
  if (typeof before === 'string' && typeof after === 'string') return <TextDiff before={before} after={after} />;
  return (
    <p className="flex flex-wrap items-center gap-2">
      <del className="rounded-sm bg-bad-soft px-1.5 py-0.5 font-mono text-xs break-all text-bad no-underline">
        {shown(before, words.none)}
      </del>
      <ArrowRight aria-hidden className="size-3.5 text-faint" />
      <ins className="rounded-sm bg-good-soft px-1.5 py-0.5 font-mono text-xs break-all text-good no-underline">
        {shown(after, words.none)}
      </ins>
    </p>
  );
}

function TextDiff({ before, after }: { before: string; after: string }) {
  return (
    <p className="text-sm leading-relaxed break-words whitespace-pre-wrap">
      {wordDiff(before, after).map((part, index) => {
        if (part.kind === 'same') return <span key={index}>{part.text}</span>;
        if (part.kind === 'added') {
          return (
            <ins key={index} className="rounded-sm bg-good-soft px-0.5 text-good no-underline">
              {part.text}
            </ins>
          );
        }
        return (
          <del key={index} className="rounded-sm bg-bad-soft px-0.5 text-bad">
            {part.text}
          </del>
        );
      })}
    </p>
  );
}

/** A value as a person reads it: text as it is, the rest as JSON. */
export function shown(value: unknown, none: string): string {
  if (value === null || value === undefined) return none;
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
}
