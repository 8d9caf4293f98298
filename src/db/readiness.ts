/**
 * Whether the database answers. A second without an answer says no, but only a second in which this process itself ran: on
 * a starved machine the answer lies there unread while time runs out, and the replica would leave its balancer for nothing.
 */
import type { Clock } from '../clock.ts';
import { within } from '../within.ts';

export type Readiness = { isReady: true } | { isReady: false; reason: string };

const LIMIT_MS = 950;
const LOOK_MS = 50;
/** A timer that is later than this was not kept waiting by the database. */
const STARVED_MS = 200;
const MOST_TRIES = 3;

export async function askWhetherReady(clock: Clock, ask: () => Promise<Readiness>): Promise<Readiness> {
  for (let attempt = 1; ; attempt += 1) {
    const latest = watchTimers(clock);
    const answer = await within<Readiness>(clock, LIMIT_MS, ask, () => ({
      isReady: false,
      reason: 'no answer within a second',
    }));
    if (latest() < STARVED_MS || answer.isReady || attempt === MOST_TRIES) return answer;
  }
}

/** Answers how late timers were at the most, and ends the watch. */
function watchTimers(clock: Clock): () => number {
  let worstMs = 0;
  let cancel = () => {};
  const look = () => {
    const dueMs = clock.monotonicMs() + LOOK_MS;
    cancel = clock.setTimer(LOOK_MS, () => {
      worstMs = Math.max(worstMs, clock.monotonicMs() - dueMs);
      look();
    });
  };
  look();
  return () => {
    cancel();
    return worstMs;
  };
}
