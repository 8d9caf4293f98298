/**
 * News that may come a thousand times a second, told at most once in a while: the first at once, and the last in any case.
 * Listeners ask again for what changed, so it does not matter how often it did.
 */
import type { Clock } from '../../clock.ts';

/** Between two tellings of the same key. */
export const NEWS_PAUSE_MS = 4_000;

export type SteadyNews = (key: string) => void;

export function createSteadyNews(clock: Clock, tell: (key: string) => void): SteadyNews {
  /** Keys that were told within the pause; true: there has been more since. */
  const told = new Map<string, boolean>();

  function tellNow(key: string): void {
    told.set(key, false);
    clock.setTimer(NEWS_PAUSE_MS, () => {
      if (told.get(key) === true) tellNow(key);
      else told.delete(key);
    });
    tell(key);
  }

  return (key) => {
    if (told.has(key)) told.set(key, true);
    else tellNow(key);
  };
}
