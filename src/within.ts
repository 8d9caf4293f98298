import type { Clock } from './clock.ts';

/** What `work` resolves to, or `instead` when that takes longer than `ms`. Late failures are nobody's business any more. */
export async function within<T>(clock: Clock, ms: number, work: () => Promise<T>, instead: () => T): Promise<T> {
  let cancel = () => {};
  const late = new Promise<T>((resolve) => {
    cancel = clock.setTimer(Math.max(0, ms), () => resolve(instead()));
  });
  const working = work();
  working.catch(() => {});
  try {
    return await Promise.race([working, late]);
  } finally {
    cancel();
  }
}
