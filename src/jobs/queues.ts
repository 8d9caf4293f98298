/** How the jobs of one name are kept, tried again, and given up. */
import type { PgBoss, Queue } from 'pg-boss';

export type QueueDefinition = {
  name: string;
  /** Attempts after the first one; then the job goes to the dead letters. 8 by default: half an hour in all. */
  retries?: number;
  /** Before the second attempt; doubles with jitter up to five minutes. */
  retryDelaySeconds?: number;
  /** An attempt that takes longer counts as failed and its signal is aborted. */
  timeoutSeconds?: number;
};

/** Where jobs go that failed for good. */
export const DEAD_LETTERS = 'dead-letters';

/**
 * A worker that says nothing for this long has died, and another one takes its job. Ten is the least that the queue
 * allows; looking for the dead every five seconds, a job runs again well within a minute.
 */
export const LEASE_SECONDS = 10;
export const SUPERVISE_SECONDS = 5;

/** Makes the queues that are missing and brings the others in step with their definitions. */
export async function defineQueues(boss: PgBoss, definitions: readonly QueueDefinition[]): Promise<void> {
  const known = new Set((await boss.getQueues()).map((queue) => queue.name));
  if (!known.has(DEAD_LETTERS)) {
    await boss.createQueue(DEAD_LETTERS, { retentionSeconds: 90 * DAY, deleteAfterSeconds: 90 * DAY });
  }
  for (const definition of definitions) {
    const settings = settingsOf(definition);
    if (known.has(definition.name)) await boss.updateQueue(definition.name, settings);
    else await boss.createQueue(definition.name, { ...settings, ...FIXED });
  }
}

const DAY = 86_400;

// With `short` at most one job per key waits; jobs without a key of their own get a random one.
const FIXED = {
  policy: 'short',
  deadLetter: DEAD_LETTERS,
  heartbeatSeconds: LEASE_SECONDS,
  retryDelayMax: 300,
} satisfies Partial<Queue>;

function settingsOf(definition: QueueDefinition) {
  return {
    retryLimit: definition.retries ?? 8,
    retryDelay: definition.retryDelaySeconds ?? 2,
    retryBackoff: true,
    expireInSeconds: definition.timeoutSeconds ?? 120,
    retentionSeconds: 90 * DAY,
    deleteAfterSeconds: DAY,
    notify: true,
  };
}
