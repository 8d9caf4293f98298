/**
 * Work for later: put inside the caller's transaction, so that it exists if and only if that commits; done by whatever
 * replica is free; done again when its worker dies. Handlers must bear being called twice.
 */
import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { PgBoss } from 'pg-boss';
import { DatabaseUnavailable, asDatabaseError } from '../db/unavailable.ts';
import { SERVING_ROLE } from '../db/tenant-table.ts';
import { type DeadLetter, type DeadLetterFilter, listDeadLetters } from './dead-letters.ts';
import { type Envelope, seal } from './envelope.ts';
import { DEAD_LETTERS, defineQueues, type QueueDefinition, SUPERVISE_SECONDS } from './queues.ts';
import { createPutting, type Putting } from './putting.ts';
import { JOBS_SCHEMA, loadQueue } from './schema.ts';
import type { Tracer } from '../tracing.ts';
import { type Handler, type JobFact, startWorker, type WorkOptions } from './worker.ts';

export type JobsOptions = {
  url: string;
  /** LIST of all queues; a name that is not here is refused. */
  queues: readonly QueueDefinition[];
  applicationName?: string;
  maxConnections?: number;
  /** False for commands that only put or replay jobs: no upkeep of queues, no clocks. */
  isWorker?: boolean;
  onFact?: (fact: JobFact) => void;
  /** Only where traces are sent somewhere. */
  tracer?: Tracer | undefined;
};

export type PutOptions = {
  /** The transaction that the job belongs to. */
  trx?: Transaction<never> | Transaction<any>;
  /** While a job with this key waits in the queue, another one is not added. */
  singletonKey?: string;
  startAfter?: Date;
};

export type Jobs = {
  /** Adds a job; resolves to false where `singletonKey` says that one waits already. */
  put(queue: string, data: object, options?: PutOptions): Promise<boolean>;
  /** Calls `handler` for the jobs of a queue; may be called before the database can be reached. */
  work(queue: string, handler: Handler, options?: WorkOptions): void;
  /** Puts a job whenever `cron` (minutes, UTC) says so, once for the fleet; what was missed is made up for once. */
  schedule(queue: string, cron: string, data?: object): void;
  /** Connects and starts the workers; tries until the database answers. Resolves at the first success. */
  start(): Promise<void>;
  /** Lets running jobs finish for `graceMs`, then gives them back. */
  stop(options: { graceMs: number }): Promise<void>;
  deadLetters(filter?: DeadLetterFilter): Promise<DeadLetter[]>;
  /** Puts dead letters back where they came from; resolves to how many. */
  replay(filter: { ids: string[] } | { queue: string }): Promise<number>;
  /** Jobs per queue: ready to run, being worked on, waiting for their time. A few seconds old. */
  depths(): Promise<Record<string, { ready: number; active: number; deferred: number }>>;
};

export function createJobs(options: JobsOptions): Jobs {
  const state: State = { options, boss: undefined, isStopped: false, onStart: [] };
  const putting = createPutting(() => mustBeReached(state));
  let starting: Promise<void> | undefined;
  return {
    put: (queue, data, putOptions = {}) => put(state, putting, { queue, data, ...putOptions }),
    work: (queue, handler, workOptions = {}) =>
      whenStarted(state, queue, (boss) =>
        startWorker(boss, { ...options, ...workOptions, queue, handler, isStopped: () => state.isStopped }),
      ),
    schedule: (queue, cron, data = {}) =>
      whenStarted(state, queue, async (boss) => {
        const clockEnvelope: Envelope = { body: data };
        await boss.schedule(queue, cron, clockEnvelope, { tz: 'UTC', missed: 'once' });
      }),
    start: () => (starting ??= start(state)),
    async stop({ graceMs }) {
      state.isStopped = true;
      await starting?.catch(() => {});
      await state.boss?.stop({ graceful: graceMs > 0, timeout: graceMs });
    },
    deadLetters: (filter = {}) => guarded(state, (boss) => listDeadLetters(boss, filter)),
    replay: (filter) =>
      guarded(state, (boss) =>
        boss.redrive(DEAD_LETTERS, 'ids' in filter ? { ids: filter.ids } : { sourceName: filter.queue }),
      ),
    depths: () => guarded(state, readDepths),
  };
}

type State = {
  options: JobsOptions;
  boss: PgBoss | undefined;
  isStopped: boolean;
  onStart: ((boss: PgBoss) => Promise<void>)[];
};

type Order = PutOptions & { queue: string; data: object };

async function put(state: State, putting: Putting, order: Order): Promise<boolean> {
  const { queue, data, trx, startAfter, singletonKey = randomUUID() } = order;
  mustBeListed(state, queue);
  const options = { singletonKey, ...(startAfter && { startAfter }) };
  if (trx === undefined) return await putting.put(queue, { data: seal(data), ...options });
  const id = await guarded(state, async (boss) => {
    const { fromKysely } = await loadQueue();
    return boss.send(queue, seal(data), { ...options, db: fromKysely(trx) });
  });
  return id !== null;
}

function whenStarted(state: State, queue: string, act: (boss: PgBoss) => Promise<void>): void {
  mustBeListed(state, queue);
  if (state.boss) throw new Error(`say what to do with ${queue} before start()`);
  state.onStart.push(act);
}

async function start(state: State): Promise<void> {
  for (let waitMs = 100; !state.isStopped; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      const boss = await open(state.options);
      await defineQueues(boss, state.options.queues);
      for (const act of state.onStart) await act(boss);
      state.boss = boss;
      return;
    } catch (error) {
      const reason = asDatabaseError(error);
      if (!(reason instanceof DatabaseUnavailable)) throw error;
      state.options.onFact?.({ type: 'jobs_unavailable', error: String(error) });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

async function open(options: JobsOptions): Promise<PgBoss> {
  try {
    return await openWith(options, { migrate: false });
  } catch (error) {
    if (!String(error).includes('requires migrations')) throw error;
    // Either a newer AVA has been here, which is fine and changes nothing, or `ava migrate` has not.
    return await openWith(options, { migrate: true });
  }
}

async function openWith(options: JobsOptions, { migrate }: { migrate: boolean }): Promise<PgBoss> {
  const isWorker = options.isWorker !== false;
  const settings = {
    connectionString: options.url,
    application_name: `${options.applicationName ?? 'ava'}/jobs`,
    options: `-c role=${SERVING_ROLE} -c statement_timeout=30000 -c timezone=UTC`,
    schema: JOBS_SCHEMA,
    max: options.maxConnections ?? 4,
    connectionTimeoutMillis: 3_000,
    migrate,
    createSchema: false,
    supervise: isWorker,
    schedule: isWorker,
    useListenNotify: isWorker,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    cronMonitorIntervalSeconds: 10,
    cronWorkerIntervalSeconds: 5,
    registerInstance: false,
    reindex: false,
    monitorVacuum: false,
    // The driver knows these two; the queue passes them on without listing them.
    keepAlive: true,
    query_timeout: 35_000,
  };
  const boss = new (await loadQueue()).PgBoss(settings);
  boss.on('error', (error) => options.onFact?.({ type: 'jobs_unavailable', error: String(error) }));
  try {
    return await boss.start();
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw error;
  }
}

function mustBeReached({ boss }: State): PgBoss {
  if (!boss) throw new DatabaseUnavailable(new Error('the job queue has not been reached yet'));
  return boss;
}

async function guarded<T>(state: State, act: (boss: PgBoss) => Promise<T>): Promise<T> {
  const boss = mustBeReached(state);
  try {
    return await act(boss);
  } catch (error) {
    throw asDatabaseError(error);
  }
}

function mustBeListed(state: State, queue: string): void {
  if (!state.options.queues.some((known) => known.name === queue)) throw new Error(`no queue is called ${queue}`);
}

async function readDepths(boss: PgBoss) {
  const queues = await boss.getQueues();
  return Object.fromEntries(
    queues.map((queue) => [
      queue.name,
      { ready: queue.readyCount, active: queue.activeCount, deferred: queue.deferredCount },
    ]),
  );
}
