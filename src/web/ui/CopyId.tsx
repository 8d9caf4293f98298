import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../text/text.tsx';
import { classes } from './classes.ts';

type CopyIdProps = { value: string; what: string; shown?: string; className?: string };

/** An id that one click copies. */
export function CopyId({ value, what, shown, className }: CopyIdProps) {
  const { words } = useText();
  const [isCopied, setIsCopied] = useState(false);
  const copy = () => {
    void copyText(value).then(() => {
      setIsCopied(true);
      setTimeout(() => setIsCopied(false), 1600);
    });
  };
  return (
    <button
      type="button"
      onClick={copy}
      title={value}
      aria-label={`${words.copyOf(what)} ${value}`}
      className={classes(
        'inline-flex max-w-full items-center gap-1.5 rounded-sm px-1.5 py-0.5 font-mono text-xs text-muted transition-colors hover:bg-hover hover:text-ink',
        className,
      )}
    >
      <span className="truncate">{shown ?? value}</span>
      {isCopied ? (
        <Check aria-hidden className="size-3.5 text-good" />
      ) : (
        <Copy aria-hidden className="size-3.5 opacity-70" />
      )}
      <span role="status" className="sr-only">
        {isCopied ? words.copied : ''}
      </span>
    </button>
  );
}

// The clipboard exists on secure origins only; a dashboard on plain http falls back to a selection.
async function copyText(value: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(value);
  const area = document.createElement('textarea');
  area.value = value;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
