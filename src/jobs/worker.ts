/** One handler at work on one queue: the edge where a thrown error becomes another attempt or a dead letter. */
import type { Job as BossJob, JobResult, PgBoss } from 'pg-boss';
import { currentCorrelationId } from '../correlation.ts';
import { inSpan, type Tracer } from '../tracing.ts';
import { startCrew } from './crew.ts';
import { type Envelope, inContextOf } from './envelope.ts';

export type Job = {
  id: string;
  data: object;
  /** 1 for the first attempt. */
  attempt: number;
  /** Aborted when the attempt has taken too long or the process stops. */
  signal: AbortSignal;
};

export type Handler = (job: Job) => Promise<void>;

export type WorkOptions = {
  /** How many jobs this process works on at once; 1 by default. They are fetched and settled together where that is quick. */
  concurrency?: number;
};

export type JobFact =
  | {
      type: 'job_finished';
      queue: string;
      id: string;
      correlationId: string;
      outcome: 'done' | 'failed' | 'hopeless';
      attempt: number;
      durationMs: number;
      error?: unknown;
    }
  | { type: 'jobs_unavailable'; error: string };

/** Thrown by a handler when no further attempt can help; the job goes straight to the dead letters. */
export class HopelessJob extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'HopelessJob';
  }
}

export type Observers = { onFact?: ((fact: JobFact) => void) | undefined; tracer?: Tracer | undefined };

export async function startWorker(
  boss: PgBoss,
  order: { queue: string; handler: Handler; isStopped(): boolean } & WorkOptions & Observers,
): Promise<void> {
  const { queue, handler, onFact, tracer, isStopped, concurrency = 1 } = order;
  await startCrew(boss, { queue, concurrency, isStopped, run });

  async function run({ id, data, retryCount, signal }: BossJob<Envelope>): Promise<JobResult> {
    const job: Job = { id, data: data.body, attempt: retryCount + 1, signal };
    const work = () => attempt(queue, job, handler, onFact);
    return await inContextOf(data, tracer === undefined ? work : () => inJobSpan(tracer, queue, job, work));
  }
}

function inJobSpan(tracer: Tracer, queue: string, job: Job, work: () => Promise<JobResult>): Promise<JobResult> {
  const attributes = { 'ava.queue': queue, 'ava.job': job.id, 'ava.attempt': job.attempt };
  return inSpan<JobResult>(tracer, { name: `job ${queue}`, kind: 'consumer', attributes }, work, (settled) => ({
    isError: 'error' in settled || settled.value.status !== 'completed',
  }));
}

async function attempt(
  queue: string,
  job: Job,
  handler: Handler,
  onFact: ((fact: JobFact) => void) | undefined,
): Promise<JobResult> {
  const startedAt = performance.now();
  const finish = (outcome: 'done' | 'failed' | 'hopeless', error?: unknown): void =>
    onFact?.({
      type: 'job_finished',
      queue,
      id: job.id,
      correlationId: currentCorrelationId(),
      outcome,
      attempt: job.attempt,
      durationMs: performance.now() - startedAt,
      ...(error !== undefined && { error }),
    });
  try {
    await handler(job);
    finish('done');
    return { id: job.id, status: 'completed' };
  } catch (error) {
    const isHopeless = error instanceof HopelessJob;
    finish(isHopeless ? 'hopeless' : 'failed', error);
    return { id: job.id, status: isHopeless ? 'deadletter' : 'failed', output: { message: String(error) } };
  }
}
