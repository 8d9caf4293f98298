/** The tables of the job queue, made and kept up to date by the migrating role; the serving role changes rows only. */

/** The database schema that holds the queue. */
export const JOBS_SCHEMA = 'jobs';

/** Loaded by whoever opens the queue: it is as large as a third of the server, and nobody who asks a server anything waits for it. */
export const loadQueue = () => import('pg-boss');

/** Makes or upgrades the queue's tables as the role of `url`. Waits for another process that does the same. */
export async function installJobs(url: string): Promise<void> {
  const { PgBoss } = await loadQueue();
  const boss = new PgBoss({
    connectionString: url,
    schema: JOBS_SCHEMA,
    application_name: 'ava-migrate/jobs',
    max: 2,
    supervise: false,
    schedule: false,
    registerInstance: false,
  });
  boss.on('error', () => {});
  await boss.start();
  await boss.stop({ graceful: false });
}
