import { useFormat } from '../text/text.tsx';
import { useNowMs } from './clock.ts';

/** How long ago, kept up to date; the exact time on hover. */
export function Age({ at }: { at: string }) {
  const format = useFormat();
  const nowMs = useNowMs(15_000);
  return (
    <time dateTime={at} title={format.dateTime(at)}>
      {format.age(at, nowMs)}
    </time>
  );
}
