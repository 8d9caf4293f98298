import { type LiveState, useLiveState } from '../live/live.ts';
import { useText } from '../text/text.tsx';
import { classes } from '../ui/classes.ts';

const DOTS: Record<LiveState, string> = { starting: 'bg-faint', live: 'bg-good-fill', cut: 'bg-warn-fill' };

/** Whether the page hears of changes by itself. */
export function LiveMark() {
  const { shell } = useText();
  const state = useLiveState();
  return (
    <p
      className="flex items-center gap-2 px-2.5 pb-2 text-xs text-muted"
      title={state === 'cut' ? shell.liveMeanwhile : undefined}
    >
      <span aria-hidden className={classes('size-1.5 shrink-0 rounded-full', DOTS[state])} />
      {shell.liveStates[state]}
    </p>
  );
}

/** On narrow screens only what is out of the ordinary takes room. */
export function CutMark() {
  const { shell } = useText();
  if (useLiveState() !== 'cut') return null;
  return (
    <p role="status" className="flex items-center gap-1.5 text-xs text-muted">
      <span aria-hidden className={classes('size-1.5 shrink-0 rounded-full', DOTS.cut)} />
      {shell.liveCutShort}
    </p>
  );
}
