/** Puts that wait together go in one statement with one flush and one wake-up call: those hold up every other commit. */
import { randomUUID } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import { createGroupCommit, type GroupCommit } from '../db/group-commit.ts';
import { asDatabaseError, DatabaseUnavailable } from '../db/unavailable.ts';
import { fail } from '../errors.ts';
import type { Envelope } from './envelope.ts';

export type NewJob = { data: Envelope; singletonKey: string; startAfter?: Date };

export type Putting = {
  /** Resolves once the job is on disk: to false where one with its key waits already. */
  put(queue: string, job: NewJob): Promise<boolean>;
};

const GROUPS = { mostPerGroup: 200, mostAtOnce: 1, mostWaiting: 10_000 };

/** `boss` throws while the queue cannot be reached. */
export function createPutting(boss: () => PgBoss): Putting {
  const lines = new Map<string, GroupCommit<NewJob, boolean>>();

  function openLine(queue: string): GroupCommit<NewJob, boolean> {
    const line = createGroupCommit<NewJob, boolean>({
      ...GROUPS,
      store: (jobs) => insert(boss(), queue, jobs),
      isFaultOfItem: (error) => !(error instanceof DatabaseUnavailable),
      refuse: () => fail('overloaded', 'Too many jobs wait to be stored.', { retryAfterSeconds: 2 }),
    });
    lines.set(queue, line);
    return line;
  }

  return { put: (queue, job) => (lines.get(queue) ?? openLine(queue)).add(job) };
}

async function insert(boss: PgBoss, queue: string, jobs: NewJob[]): Promise<boolean[]> {
  const named = jobs.map((job) => ({ ...job, id: randomUUID() }));
  try {
    const added = new Set(await boss.insert(queue, named, { returnId: true }));
    return named.map(({ id }) => added.has(id));
  } catch (error) {
    throw asDatabaseError(error);
  }
}
