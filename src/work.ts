/** LIST: every background job and every clock. */
import { flushCompileCache } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { newCorrelationId, runInContext } from './correlation.ts';
import type { Deps } from './deps.ts';
import { reassertAllServers } from './features/assistants/jobs.ts';
import { createAddressMark } from './features/system/address-mark.ts';
import { rotateKeys } from './features/credentials/jobs.ts';

export type Work = {
  /** Once the doors are open: what nobody who knocks waits for. */
  begin(): void;
  stop(): Promise<void>;
};

export async function startWork(deps: Deps): Promise<Work> {
  const clocks: (() => void)[] = [];
  clocks.push(every(deps, ALERT_LOOK_MS, () => deps.alerter.round()));
  deps.inboxClock.start();
  clocks.push(every(deps, TOLD_LOOK_MS, () => quietly(deps, () => deps.told.run())));
  clocks.push(every(deps, FLIP_LOOK_MS, () => quietly(deps, () => deps.flip.run())));
  listJobs(deps);
  const sayAlive = () => quietly(deps, () => deps.replicaBeat.beat());
  await Promise.race([sayAlive(), wait(FIRST_BEAT_MS, undefined, { ref: false })]);
  clocks.push(every(deps, REPLICA_BEAT_MS, sayAlive));
  clocks.push(every(deps, PROBE_LOOK_MS, () => deps.prober.run()));
  clocks.push(every(deps, SPOOL_LOOK_MS, () => deps.drainSpool()));
  clocks.push(every(deps, DAY_MS, () => keepUp(deps)));
  return {
    begin: () => void clocks.push(deps.clock.setTimer(BEGIN_MS, () => begin(deps))),
    async stop() {
      for (const end of clocks) end();
      await quietly(deps, () => deps.replicaBeat.leave());
      await deps.inboxClock.stop();
      await deps.jobs.stop({ graceMs: JOBS_GRACE_MS });
    },
  };
}

function begin(deps: Deps): void {
  // Now, and not only at the end: what a start needs is forgotten by then, and a process that is killed leaves nothing.
  flushCompileCache();
  // Not awaited: without its database a replica still answers ringing calls.
  deps.jobs
    .start()
    .then(() => quietly(deps, () => tellAddress(deps)))
    .catch((error: unknown) => deps.log.error({ err: error }, 'Jobs cannot run'));
  void runInContext({ correlationId: newCorrelationId() }, () => keepUp(deps));
}

function listJobs({ jobs, assistants, ...deps }: Deps): void {
  jobs.work('numbers.reassert', () => deps.reassertNumbers());
  jobs.schedule('numbers.reassert', '*/5 * * * *');
  jobs.work('calls.reconcile', async () => {
    const { wholeSince } = reconcileFrom(deps.clock.now());
    await deps.forEachTenant('calls.reconcile', (tenantId) => deps.reconciliation.run(tenantId, wholeSince));
  });
  jobs.schedule('calls.reconcile', '* * * * *');
  jobs.work('calls.settle', async () => void (await deps.placing.settle()));
  jobs.schedule('calls.settle', '* * * * *');
  jobs.work('calls.retain', () => deps.forEachTenant('calls.retain', deps.deleteOldCalls));
  jobs.schedule('calls.retain', '17 3 * * *');
  // Whether the assistants' webhooks still come here: one of the fleet asks.
  jobs.work('assistants.reassert-all', () => reassertAllServers({ ...deps, assistants }));
  jobs.schedule('assistants.reassert-all', '*/10 * * * *');
  jobs.work('assistants.reassert', async ({ data }) => {
    await assistants.reassertServers((data as { tenantId: string }).tenantId);
  });
}

/** Several replicas that start at once have one job of each kind done. */
async function tellAddress({ config, jobs }: Deps): Promise<void> {
  const mark = createAddressMark(config);
  await mark.tellIfMoved(async () => {
    for (const queue of ['assistants.reassert-all', 'numbers.reassert'])
      await jobs.put(queue, {}, { singletonKey: 'moved' });
  });
}

/** At the full hour yesterday and today are looked at whole, so that the statement about each day is right. */
function reconcileFrom(now: Date): { wholeSince: Date | undefined } {
  if (now.getUTCMinutes() !== 0) return { wholeSince: undefined };
  return { wholeSince: new Date(new Date(now).setUTCHours(-24, 0, 0, 0)) };
}

/** Work that looks again soon says what went wrong and goes on. */
async function quietly({ log }: Deps, work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => log.debug({ err: error }, 'A look was in vain; the next one follows'));
}

/** How often mail about finished calls is sent, and numbers in flip mode are compared with Vapi's circuits. */
const TOLD_LOOK_MS = 1_000;
const FLIP_LOOK_MS = 1_000;

/** How often the database is told that this replica runs; the first time before it takes traffic, if that is quick. */
const REPLICA_BEAT_MS = 10_000;
const FIRST_BEAT_MS = 1_000;

const JOBS_GRACE_MS = 5_000;

/** The queue takes a part of a second to open, and whoever has waited for this replica comes first. */
const BEGIN_MS = 250;

/** How often open circuits are looked at, whether their vendor may be asked again. */
const PROBE_LOOK_MS = 2_000;

/** How often calls that were noted on the local disk are brought to the ledger. */
const SPOOL_LOOK_MS = 2_000;

/** How often each replica looks at its figures, and one of them at the rules. */
const ALERT_LOOK_MS = 5_000;

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
