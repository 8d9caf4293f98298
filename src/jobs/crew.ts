/**
 * Jobs of one queue, several at once: fetched together and settled together, each with its own result. A job that takes
 * long holds up nobody: what was done beside it is settled at once, and others are fetched for the places that are free.
 */
import type { Job, JobResult, PgBoss } from 'pg-boss';
import type { Envelope } from './envelope.ts';

export type CrewOptions = {
  queue: string;
  /** How many jobs are worked on at once. */
  concurrency: number;
  isStopped(): boolean;
  /** Never rejects. */
  run(job: Job<Envelope>): Promise<JobResult>;
};

/** After this a batch is not waited for any more. */
const LONGEST_BATCH_MS = 100;

type Crew = { id: string; size: number; batch: Batch | undefined };
type Batch = { running: Set<Job<Envelope>>; done: Map<Job<Envelope>, JobResult>; isLate: boolean };

export async function startCrew(boss: PgBoss, { queue, concurrency, isStopped, run }: CrewOptions): Promise<void> {
  /** The one that fetches. */
  let current: Crew | undefined;
  /** Jobs that go on in crews that fetch no more, and end with their batch. */
  let stragglers = 0;
  await hire();

  async function hire(): Promise<void> {
    if (isStopped()) return;
    const size = concurrency - stragglers;
    const crew: Crew = { id: '', size, batch: undefined };
    current = crew;
    const settings = { ...LOOKS, perJobResults: true, batchSize: size } as const;
    crew.id = await boss.work<Envelope, unknown, typeof settings>(queue, settings, (jobs) => work(crew, jobs));
  }

  /** Only while it is at work: what it fetched this moment would be nobody's. */
  async function replace(crew: Crew): Promise<void> {
    current = undefined;
    await boss.offWork(queue, { id: crew.id, wait: false });
    await hire();
  }

  async function work(crew: Crew, jobs: Job<Envelope>[]): Promise<JobResult[]> {
    const batch: Batch = { running: new Set(jobs), done: new Map(), isLate: false };
    crew.batch = batch;
    const timer = setTimeout(() => {
      batch.isLate = true;
      void leaveIfLate(crew);
    }, LONGEST_BATCH_MS);
    await Promise.all(jobs.map((job) => workOn(crew, batch, job)));
    clearTimeout(timer);
    crew.batch = undefined;
    if (crew === current) await goOn(crew, batch);
    return [...batch.done.values()];
  }

  async function workOn(crew: Crew, batch: Batch, job: Job<Envelope>): Promise<void> {
    const result = await run(job);
    batch.running.delete(job);
    batch.done.set(job, result);
    if (crew === current) return await leaveIfLate(crew);
    stragglers -= 1;
    if (current !== undefined) await leaveIfLate(current);
    if (batch.running.size > 0) await settle([job], batch);
  }

  async function leaveIfLate(crew: Crew): Promise<void> {
    const { batch } = crew;
    if (crew !== current || !batch?.isLate || batch.running.size === 0) return;
    if (batch.running.size + stragglers === concurrency) return;
    stragglers += batch.running.size;
    const ended = [...batch.done.keys()];
    await replace(crew);
    await settle(ended, batch);
  }

  async function goOn(crew: Crew, { done }: Batch): Promise<void> {
    if (crew.size !== concurrency - stragglers) return await replace(crew);
    // A full batch may have others behind it, of whom no wake-up call comes any more; a failed job may be due again.
    const isMore = done.size === crew.size || [...done.values()].some(({ status }) => status !== 'completed');
    if (isMore) boss.notifyWorker(crew.id);
  }

  /** Those that nobody may try again are settled with the batch; so is whatever cannot be settled now. */
  async function settle(jobs: Job<Envelope>[], { done }: Batch): Promise<void> {
    const completed = jobs.filter((job) => done.get(job)?.status === 'completed');
    const failed = jobs.filter((job) => done.get(job)?.status === 'failed');
    const settled = [
      ...(completed.length > 0 ? [boss.complete(queue, completed)] : []),
      ...failed.map((job) => boss.fail(queue, job, done.get(job)?.output as object)),
    ];
    await Promise.allSettled(settled);
  }
}

const LOOKS = {
  pollingIntervalSeconds: 1,
  // A wake-up call can be lost with its connection; then a job waits this long, as one for a later time may.
  notifyPollingIntervalSeconds: 2,
};
