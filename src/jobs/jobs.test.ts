import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { currentContext, runInContext } from '../correlation.ts';
import { DatabaseUnavailable } from '../db/unavailable.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { HopelessJob, type JobFact } from './worker.ts';

let test: TestDatabase;
const opened: Jobs[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
});

afterEach(async () => {
  for (const jobs of opened.splice(0)) await jobs.stop({ graceMs: 1_000 });
});

afterAll(async () => {
  await test.drop();
});

function open(queue: string, onFact: (fact: JobFact) => void = () => {}): Jobs {
  const jobs = createJobs({ url: test.url, queues: [{ name: queue, retries: 1, retryDelaySeconds: 0 }], onFact });
  opened.push(jobs);
  return jobs;
}

/** Resolves with the next thing that is handed in. */
function mailbox<T>() {
  const waiting: ((item: T) => void)[] = [];
  const items: T[] = [];
  return {
    put: (item: T) => (waiting.length > 0 ? waiting.shift()?.(item) : items.push(item)),
    next: () =>
      new Promise<T>((resolve) => {
        const item = items.shift();
        if (item === undefined) waiting.push(resolve);
        else resolve(item);
      }),
    size: () => items.length,
  };
}

describe('jobs', () => {
  it('runs what was put, under the correlation id and tenant of the request that put it', async () => {
    const seen = mailbox<object>();
    const jobs = open('context');
    jobs.work('context', async (job) => void seen.put({ data: job.data, ...currentContext() }));
    await jobs.start();
    await runInContext({ correlationId: 'test-12345', tenant: 't1' }, () => jobs.put('context', { call: 7 }));
    expect(await seen.next()).toEqual({ data: { call: 7 }, correlationId: 'test-12345', tenant: 't1' });
  });

  it('works off what piled up, one job after the other, without waiting for the next poll between them', async () => {
    const pile = { url: test.url, queues: [{ name: 'pile' }] };
    const putter = createJobs({ ...pile, isWorker: false });
    opened.push(putter);
    await putter.start();
    // With a poll of two seconds between them they would take longer than a test may.
    for (let index = 0; index < 40; index += 1) await putter.put('pile', { index });
    const seen = mailbox<object>();
    const jobs = createJobs(pile);
    opened.push(jobs);
    jobs.work('pile', async ({ data }) => void seen.put(data));
    await jobs.start();
    const done: object[] = [];
    while (done.length < 40) done.push(await seen.next());
    expect(done).toEqual(Array.from({ length: 40 }, (_, index) => ({ index })));
  });

  it('puts a job if and only if the transaction around it commits', async () => {
    const seen = mailbox<object>();
    const jobs = open('transaction');
    jobs.work('transaction', async (job) => void seen.put(job.data));
    await jobs.start();
    const rolledBack = test.database.system.transaction().execute(async (trx) => {
      await jobs.put('transaction', { from: 'rolled back' }, { trx });
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await test.database.system.transaction().execute(async (trx) => {
      await jobs.put('transaction', { from: 'committed' }, { trx });
    });
    expect(await seen.next()).toEqual({ from: 'committed' });
    expect(seen.size()).toBe(0);
  });

  it('keeps one waiting job per key, and as many as wanted without a key', async () => {
    const jobs = open('keys');
    await jobs.start();
    expect(await jobs.put('keys', {}, { singletonKey: 'assistant-1' })).toBe(true);
    expect(await jobs.put('keys', {}, { singletonKey: 'assistant-1' })).toBe(false);
    expect(await jobs.put('keys', {})).toBe(true);
    expect(await jobs.put('keys', {})).toBe(true);
  });

  it('tries again after a failure, then lays the job with the dead letters, from where it can be replayed', async () => {
    const attempts = mailbox<number>();
    const facts = mailbox<JobFact>();
    let isBroken = true;
    const jobs = open('failing', facts.put);
    jobs.work('failing', async (job) => {
      attempts.put(job.attempt);
      if (isBroken) throw new Error('no luck');
    });
    await jobs.start();
    await runInContext({ correlationId: 'dead-1' }, () => jobs.put('failing', { call: 1 }));
    expect([await attempts.next(), await attempts.next()]).toEqual([1, 2]);
    expect(await facts.next()).toMatchObject({ outcome: 'failed', attempt: 1, correlationId: 'dead-1' });

    const [letter] = await until(
      () => jobs.deadLetters({ queue: 'failing' }),
      (found) => found.length === 1,
    );
    expect(letter).toMatchObject({ queue: 'failing', data: { call: 1 }, correlationId: 'dead-1', attempts: 2 });
    expect(letter?.reason).toContain('no luck');

    isBroken = false;
    expect(await jobs.replay({ ids: [letter?.id ?? ''] })).toBe(1);
    expect(await attempts.next()).toBe(1);
    expect(await jobs.deadLetters({ queue: 'failing' })).toEqual([]);
  });

  it('gives up at once on a job that its handler calls hopeless', async () => {
    const jobs = open('hopeless');
    let attempts = 0;
    jobs.work('hopeless', async () => {
      attempts += 1;
      throw new HopelessJob('the tenant is gone');
    });
    await jobs.start();
    await jobs.put('hopeless', {});
    const letters = await until(
      () => jobs.deadLetters({ queue: 'hopeless' }),
      (found) => found.length === 1,
    );
    expect(letters[0]?.reason).toContain('the tenant is gone');
    expect(attempts).toBe(1);
  });

  it('refuses a queue that is not in the list', async () => {
    const jobs = open('listed');
    await expect(jobs.put('mistyped', {})).rejects.toThrow('no queue is called mistyped');
  });

  it('says that the database is unavailable while the queue cannot be reached', async () => {
    const facts = mailbox<JobFact>();
    const jobs = createJobs({ url: 'postgres://x@127.0.0.1:1/x', queues: [{ name: 'q' }], onFact: facts.put });
    const starting = jobs.start();
    expect(await facts.next()).toMatchObject({ type: 'jobs_unavailable' });
    await expect(jobs.put('q', {})).rejects.toThrow(DatabaseUnavailable);
    await jobs.stop({ graceMs: 0 });
    await starting;
  });
});

async function until<T>(read: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (isReached(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
