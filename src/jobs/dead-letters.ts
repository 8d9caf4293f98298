/** Jobs that failed for good: kept with their data and reason, so that a person can look and put them back. */
import type { PgBoss } from 'pg-boss';
import type { Envelope } from './envelope.ts';
import { DEAD_LETTERS } from './queues.ts';

export type DeadLetter = {
  /** To name it in a replay. */
  id: string;
  queue: string;
  data: object;
  correlationId: string | undefined;
  tenant: string | undefined;
  attempts: number;
  reason: string;
  putAt: Date;
  failedAt: Date;
};

export type DeadLetterFilter = { queue?: string; limit?: number };

/** The oldest first, 100 unless `limit` says otherwise. */
export async function listDeadLetters(boss: PgBoss, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const limit = filter.limit ?? 100;
  const found = await boss.findJobs<Envelope>(DEAD_LETTERS, { queued: true, limit: filter.queue ? 100_000 : limit });
  return found
    .filter((job) => filter.queue === undefined || job.sourceName === filter.queue)
    .slice(0, limit)
    .map((job) => ({
      id: job.id,
      queue: job.sourceName ?? 'unknown',
      data: job.data.body,
      correlationId: job.data.context?.correlationId,
      tenant: job.data.context?.tenant,
      attempts: (job.sourceRetryCount ?? 0) + 1,
      reason: reasonOf(job.sourceOutput),
      putAt: job.sourceCreatedOn ?? job.createdOn,
      failedAt: job.createdOn,
    }));
}

function reasonOf(output: unknown): string {
  const { message } = (output ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : JSON.stringify(output ?? null);
}
