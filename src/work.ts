/** LIST: every background job and every clock. */
import { newCorrelationId, runInContext } from './correlation.ts';
import type { Deps } from './deps.ts';
import { reassertAllServers } from './features/assistants/jobs.ts';
import { rotateKeys } from './features/credentials/jobs.ts';

export type Work = { stop(): Promise<void> };

export async function startWork(deps: Deps): Promise<Work> {
  const clocks: (() => void)[] = [];
  clocks.push(every(deps, ALERT_LOOK_MS, () => deps.alerter.round()));
  deps.inboxClock.start();
  listJobs(deps);
  // Not awaited: without its database a replica still answers ringing calls.
  deps.jobs.start().catch((error: unknown) => deps.log.error({ err: error }, 'Jobs cannot run'));
  clocks.push(every(deps, SPOOL_LOOK_MS, () => deps.drainSpool()));
  clocks.push(every(deps, SERVERS_LOOK_MS, () => reassertAllServers(deps)));
  void keepUp(deps);
  clocks.push(every(deps, DAY_MS, () => keepUp(deps)));
  deps.log.debug({ clocks: clocks.length }, 'Background work runs');
  return {
    async stop() {
      for (const end of clocks) end();
      await deps.inboxClock.stop();
      await deps.jobs.stop({ graceMs: JOBS_GRACE_MS });
    },
  };
}

function listJobs({ jobs, assistants }: Deps): void {
  jobs.work('assistants.reassert', async ({ data }) => {
    await assistants.reassertServers((data as { tenantId: string }).tenantId);
  });
}

const JOBS_GRACE_MS = 5_000;

/** How often calls that were noted on the local disk are brought to the ledger. */
const SPOOL_LOOK_MS = 2_000;

/** How often each replica looks at its figures, and one of them at the rules. */
const ALERT_LOOK_MS = 5_000;

/** How often Vapi is asked whether the assistants' webhooks still come here. */
const SERVERS_LOOK_MS = 600_000;

const DAY_MS = 86_400_000;

/** At every start and daily: what the previous key sealed, the heads of the audit trails, and what nobody needs. */
async function keepUp(deps: Deps): Promise<void> {
  const works = [() => rotateKeys(deps), () => deps.audit.logHeads(), () => deps.accounts.tidy()];
  for (const work of works) {
    await work().catch((error: unknown) => deps.log.warn({ err: error }, 'Upkeep was put off until tomorrow'));
  }
}

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
