import { useIsLive } from '../live/live.ts';
import { useText } from '../text/text.tsx';
import { classes } from '../ui/classes.ts';

/** Whether the page hears of changes by itself. */
export function LiveMark() {
  const { shell } = useText();
  const isLive = useIsLive();
  return (
    <p className="flex items-center gap-2 px-2.5 pb-2 text-xs text-muted">
      <span aria-hidden className={classes('size-1.5 rounded-full', isLive ? 'bg-good-fill' : 'bg-faint')} />
      {isLive ? shell.live : shell.liveOff}
    </p>
  );
}
