import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { until } from '../../test/harness/until.ts';
import { createJobs, type Jobs } from './jobs.ts';
import type { Handler } from './worker.ts';

let test: TestDatabase;
let client: Client;
const opened: Jobs[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  client = new Client({ connectionString: test.url });
  await client.connect();
});

afterEach(async () => {
  for (const jobs of opened.splice(0)) await jobs.stop({ graceMs: 1_000 });
});

afterAll(async () => {
  await client.end();
  await test.drop();
});

/** Jobs that are all there before anybody works on them, so that the first of them are one batch. */
async function piled(
  queue: string,
  names: string[],
  work: { handler: Handler; concurrency: number; timeoutSeconds?: number },
): Promise<Jobs> {
  const { timeoutSeconds = 60 } = work;
  const queues = [{ name: queue, retries: 1, retryDelaySeconds: 0, timeoutSeconds }];
  const putter = createJobs({ url: test.url, queues, isWorker: false });
  const jobs = createJobs({ url: test.url, queues });
  opened.push(putter, jobs);
  await putter.start();
  for (const name of names) await putter.put(queue, { name });
  jobs.work(queue, work.handler, work);
  await jobs.start();
  return putter;
}

/** How many jobs of the queue stand in each state. */
async function states(queue: string): Promise<Record<string, number>> {
  const found = await client.query('select state::text, count(*)::int as n from jobs.job where name = $1 group by 1', [
    queue,
  ]);
  return Object.fromEntries(found.rows.map(({ state, n }) => [state, n]));
}

const nameOf = (data: object) => (data as { name: string }).name;

it('tries again only the one job that failed, of several that were fetched together', async () => {
  const names = ['a', 'b', 'bad', 'd'];
  const tries: string[] = [];
  const all = Promise.withResolvers<void>();
  const handler: Handler = async ({ data, attempt }) => {
    tries.push(`${nameOf(data)} ${attempt}`);
    if (tries.length === names.length) all.resolve();
    await all.promise;
    if (nameOf(data) === 'bad' && attempt === 1) throw new Error('not yet');
  };
  const jobs = await piled('batch', names, { handler, concurrency: 4 });
  await until('all are done', async () => (await states('batch'))['completed'] === 4);
  expect(tries.toSorted()).toEqual(['a 1', 'b 1', 'bad 1', 'bad 2', 'd 1']);
  expect(await jobs.deadLetters({ queue: 'batch' })).toEqual([]);
});

it('gives up alone on a job that outlives its time, and counts as done what was fetched with it', async () => {
  const hanging = Promise.withResolvers<void>();
  const tries: string[] = [];
  const handler: Handler = async ({ data }) => {
    tries.push(nameOf(data));
    if (nameOf(data) === 'hangs') await hanging.promise;
  };
  const jobs = await piled('slow', ['a', 'hangs', 'b'], { handler, concurrency: 3, timeoutSeconds: 1 });
  const [letter] = await until('it is given up', async () => {
    const letters = await jobs.deadLetters({ queue: 'slow' });
    return letters.length > 0 ? letters : undefined;
  });
  expect(letter).toMatchObject({ data: { name: 'hangs' }, attempts: 2 });
  expect(tries.toSorted()).toEqual(['a', 'b', 'hangs', 'hangs']);
  expect(await states('slow')).toEqual({ completed: 2, failed: 1 });
  hanging.resolve();
});

it('lets no job that takes long hold up others, nor counts their work as open, and never does more at once', async () => {
  const long = Promise.withResolvers<void>();
  const seen: string[] = [];
  let [atOnce, most] = [0, 0];
  const handler: Handler = async ({ data }) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await (nameOf(data) === 'long' ? long.promise : wait(5));
    atOnce -= 1;
    seen.push(nameOf(data));
  };
  const quick = Array.from({ length: 20 }, (_, index) => `quick ${index}`);
  const jobs = await piled('mixed', ['long', ...quick], { handler, concurrency: 3 });
  await until('the others are settled', async () => (await states('mixed'))['completed'] === 20);
  expect(await states('mixed')).toEqual({ active: 1, completed: 20 });
  expect(seen.toSorted()).toEqual(quick.toSorted());
  long.resolve();
  await until('the long one too', async () => (await states('mixed'))['completed'] === 21);
  await Promise.all(quick.map((name) => jobs.put('mixed', { name })));
  await until('those that came later', async () => (await states('mixed'))['completed'] === 41);
  expect(most).toBe(3);
});

it('fetches for all its places again after they were held by jobs that take long', async () => {
  const long = Promise.withResolvers<void>();
  const handler: Handler = ({ data }) => (nameOf(data).startsWith('long') ? long.promise : Promise.resolve());
  const jobs = await piled('places', ['long 1', 'long 2', 'short'], { handler, concurrency: 3 });
  await until('the short one is settled', async () => (await states('places'))['completed'] === 1);
  await jobs.put('places', { name: 'long 3' });
  await until('all places are taken', async () => (await states('places'))['active'] === 3);
  long.resolve();
  await until('they are done', async () => (await states('places'))['completed'] === 4);
  await jobs.put('places', { name: 'one that shows that there is room' });
  await until('it is done', async () => (await states('places'))['completed'] === 5);
  await Promise.all(['a', 'b', 'c'].map((name) => jobs.put('places', { name: `together ${name}` })));
  await until('those too', async () => (await states('places'))['completed'] === 8);
  const fetches = `select count(distinct started_on)::int as n from jobs.job
    where name = 'places' and data->'body'->>'name' like 'together%'`;
  expect((await client.query(fetches)).rows).toEqual([{ n: 1 }]);
});

it('stores jobs that are put together with one commit, refuses a bad one alone, and one of two with the same key', async () => {
  const jobs = createJobs({ url: test.url, queues: [{ name: 'puts' }], isWorker: false });
  opened.push(jobs);
  await jobs.start();
  const good = Array.from({ length: 30 }, (_, index) => jobs.put('puts', { index }));
  const keyed = ['first', 'second'].map((name) => jobs.put('puts', { name }, { singletonKey: 'same' }));
  expect(await Promise.all(good)).toEqual(good.map(() => true));
  expect((await Promise.all(keyed)).toSorted()).toEqual([false, true]);
  const commits = `select count(*)::int as jobs, count(distinct xmin::text)::int as commits from jobs.job where name = 'puts'`;
  expect((await client.query(commits)).rows).toEqual([{ jobs: 31, commits: 1 }]);

  const mixed = [{ name: 'good' }, { name: 'no \u0000 text' }, { name: 'good too' }].map((data) =>
    jobs.put('puts', data).then(
      () => 'kept',
      () => 'refused',
    ),
  );
  expect(await Promise.all(mixed)).toEqual(['kept', 'refused', 'kept']);
  expect((await client.query(commits)).rows[0]).toMatchObject({ jobs: 33 });
});

it('keeps a job for later until its time, also where it is put together with others', async () => {
  const jobs = createJobs({ url: test.url, queues: [{ name: 'later' }], isWorker: false });
  opened.push(jobs);
  await jobs.start();
  const startAfter = new Date('2100-01-02T03:04:05.678Z');
  await Promise.all([jobs.put('later', { name: 'now' }), jobs.put('later', { name: 'then' }, { startAfter })]);
  const found = await client.query(
    `select start_after from jobs.job where name = 'later' and data->'body'->>'name' = 'then'`,
  );
  expect(found.rows).toEqual([{ start_after: startAfter }]);
});
