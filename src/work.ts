/** LIST: every background job and every clock. */
import { newCorrelationId, runInContext } from './correlation.ts';
import type { Deps } from './deps.ts';

export type Work = { stop(): Promise<void> };

export async function startWork(deps: Deps): Promise<Work> {
  const clocks: (() => void)[] = [];
  clocks.push(every(deps, ALERT_LOOK_MS, () => deps.alerter.round()));
  deps.log.debug({ clocks: clocks.length }, 'Background work runs');
  return {
    async stop() {
      for (const end of clocks) end();
    },
  };
}

/** How often each replica looks at its figures, and one of them at the rules. */
const ALERT_LOOK_MS = 5_000;

/** Runs `work` again `ms` after it ended, under an id of its own, until the answer is called. `work` must not reject. */
function every({ clock }: Deps, ms: number, work: () => Promise<void>): () => void {
  let end = () => {};
  let hasEnded = false;
  const wait = () => {
    if (!hasEnded)
      end = clock.setTimer(ms, () => void runInContext({ correlationId: newCorrelationId() }, work).then(wait));
  };
  wait();
  return () => {
    hasEnded = true;
    end();
  };
}
