/**
 * Work that goes round: the same for each of many, a few at once. Who fails is noted, and who takes long is left to itself:
 * the next one's turn comes, and the slow one is not begun again before it has ended.
 */
import type { Clock } from './clock.ts';
import { within } from './within.ts';

export type RoundsOptions = {
  clock: Clock;
  mostAtOnce: number;
  /** How long one may keep a place. */
  patienceMs: number;
  onFault(key: string, error: unknown): void;
  onSlow(key: string): void;
};

export type Round = (keys: Iterable<string>, work: (key: string) => Promise<unknown>) => Promise<void>;

export function createRounds({ clock, mostAtOnce, patienceMs, onFault, onSlow }: RoundsOptions): Round {
  const underWay = new Set<string>();

  async function finish(key: string, work: (key: string) => Promise<unknown>): Promise<void> {
    try {
      await work(key);
    } catch (error) {
      onFault(key, error);
    } finally {
      underWay.delete(key);
    }
  }

  async function turn(key: string, work: (key: string) => Promise<unknown>): Promise<void> {
    if (underWay.has(key)) return;
    underWay.add(key);
    await within<void>(
      clock,
      patienceMs,
      () => finish(key, work),
      () => onSlow(key),
    );
  }

  return async (keys, work) => {
    const waiting = keys[Symbol.iterator]();
    const place = async () => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) await turn(next.value, work);
    };
    await Promise.all(Array.from({ length: mostAtOnce }, place));
  };
}
