/** Brings a database up to date, once, whoever else tries at the same moment; with a limit on every wait. */
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Client } from 'pg';
import { installJobs, JOBS_SCHEMA } from '../jobs/schema.ts';
import { buildIndexes } from './build-indexes.ts';
import type { Migrations } from './migrations/released.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { makeAllMonthsAhead } from './month-upkeep.ts';
import { clientSettings, createPool } from './pool.ts';
import { goneForGood, noteTaken, readRunning, readTaken, stillNeeded } from './release-check/running.ts';
import { createServingRole } from './serving-role.ts';
import { SERVING_ROLE } from './tenant-table.ts';
import { asDatabaseError } from './unavailable.ts';

export type MigrateLog = { info(fields: object, message: string): void };

export type MigrateOptions = {
  url: string;
  log: MigrateLog;
  /** The list to apply; tests pass their own. */
  migrations?: Migrations;
  /** How long to wait for another process that migrates. */
  waitMs?: number;
  /**
   * How long a change of a table may wait for those who use it: whoever comes meanwhile waits behind it. Then it lets
   * go and tries again a little later, until `waitMs` is over.
   */
  lockTimeoutMs?: number;
};

/** What a database still lacks, and what a newer version has put there that this one does not know. */
export type MigrationState = { applied: string[]; pending: string[]; unknown: string[] };

/**
 * Applies what is pending, each migration in a transaction of its own, as the role of `url`, and resolves to the names.
 * A database that a newer version has migrated is left as it is. Throws `MigrationRefused` where a replica that runs
 * still needs what would be taken away, `DatabaseUnavailable`, or the fault of the migration.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const lock = await takeLock(options.url, options.waitMs ?? 60_000);
  try {
    await createServingRole(lock);
    const done = await applyPending(options, lock);
    await makeMonths(options, lock);
    await installJobs(options.url);
    await grantJobs(lock);
    options.log.info({ applied: done }, done.length > 0 ? `Applied ${done.join(', ')}` : 'The database is up to date');
    return done;
  } finally {
    await lock.end();
  }
}

/** Compares a database with the list; changes nothing. Works as the serving role too. */
export async function readMigrationState(url: string, migrations: Migrations = MIGRATIONS): Promise<MigrationState> {
  const client = await open(url, { statementTimeoutMs: 5_000 });
  try {
    const known = Object.keys(migrations).sort();
    const applied = await readApplied(client);
    return {
      applied,
      pending: known.filter((name) => !applied.includes(name)),
      unknown: applied.filter((name) => !known.includes(name)),
    };
  } catch (error) {
    throw asDatabaseError(error);
  } finally {
    await client.end();
  }
}

/** The names of the migrations that a database still lacks. */
export async function pendingMigrations(url: string): Promise<string[]> {
  return (await readMigrationState(url)).pending;
}

const LOCK = 'ava-migrate';
// No statement of a migration may hold its locks longer; rows are filled in small steps elsewhere.
const STATEMENT_TIMEOUT_MS = 60_000;

async function applyPending(options: MigrateOptions, lock: Client): Promise<string[]> {
  const migrations = options.migrations ?? MIGRATIONS;
  const { pending } = await readMigrationState(options.url, migrations);
  for (const name of pending) {
    refuseWhatIsNeeded(stillNeeded([name], migrations, await readRunning(lock)));
    const { contract, indexes } = migrations[name] ?? {};
    if (indexes) await buildAhead(options, name, indexes);
    await applyPatiently(options, name, migrations);
    if (contract) await noteTaken(lock, name, contract);
  }
  if (pending.length > 0) await lock.query(`grant select on kysely_migration to ${SERVING_ROLE}`);
  return pending;
}

async function buildAhead({ url, log }: MigrateOptions, migration: string, indexes: Record<string, string>) {
  log.info(
    { migration, indexes: Object.keys(indexes) },
    `${migration} builds its indexes first; nobody waits for them`,
  );
  await buildIndexes(url, indexes);
}

/** Throws where a newer version has taken away what this one needs. Works as the serving role too. */
export async function refuseIfGone(url: string, migrations: Migrations = MIGRATIONS): Promise<void> {
  const client = await open(url, { statementTimeoutMs: 5_000 });
  try {
    refuseWhatIsNeeded(goneForGood(migrations, await readTaken(client)));
  } finally {
    await client.end();
  }
}

/** A running version, or this one, could not live with the schema; the message says what to do. */
export class MigrationRefused extends Error {}

function refuseWhatIsNeeded([first]: { problem: string; remedy: string }[]): void {
  if (first) throw new MigrationRefused(`${first.problem} ${first.remedy}`);
}

// A statement that waits for a lock makes everybody who comes later wait too: it waits briefly, and tries again.
async function applyPatiently(options: MigrateOptions, name: string, migrations: Migrations): Promise<void> {
  const deadlineMs = performance.now() + (options.waitMs ?? 60_000);
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      return await applyMigration(options.url, name, migrations, options.lockTimeoutMs);
    } catch (error) {
      const isLocked = isLockTimeout(error);
      if (!isLocked || performance.now() + pauseMs > deadlineMs) throw error;
      options.log.info({ migration: name, pauseMs }, `${name} waits: others use its tables`);
      await delay(pauseMs);
    }
  }
}

// Those of the next months are there from last time: where others hold the tables, it has time until tomorrow.
async function makeMonths({ log }: MigrateOptions, lock: Client): Promise<void> {
  try {
    await makeAllMonthsAhead(lock);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    log.info({}, 'The months ahead were not made: others use the tables');
  }
}

function isLockTimeout(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if ((at as { code?: string }).code === '55P03') return true;
  return false;
}

const LOCK_TIMEOUT_MS = 500;

/** Applies everything up to `name` to the database of `url`, without asking who uses it. */
export async function applyMigration(
  url: string,
  name: string,
  migrations: Migrations,
  lockTimeoutMs = LOCK_TIMEOUT_MS,
): Promise<void> {
  const pool = createPool({ ...MIGRATING, url, maxConnections: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool.forKysely }) });
  try {
    await sql`select set_config('lock_timeout', ${String(lockTimeoutMs)}, false)`.execute(db);
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
    const { error, results } = await migrator.migrateTo(name);
    const failed = results?.find((result) => result.status === 'Error');
    if (error) throw failed ? new Error(`Migration ${failed.migrationName} failed`, { cause: error }) : error;
  } finally {
    await pool.end();
  }
}

const MIGRATING = {
  applicationName: 'ava-migrate',
  role: undefined,
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  connectTimeoutMs: 5_000,
};

async function takeLock(url: string, waitMs: number): Promise<Client> {
  const client = await open(url, { statementTimeoutMs: waitMs });
  try {
    await client.query('select pg_advisory_lock(hashtext($1))', [LOCK]);
    await client.query('set idle_session_timeout = 0');
    return client;
  } catch (error) {
    await client.end();
    throw asDatabaseError(error);
  }
}

async function grantJobs(client: Client): Promise<void> {
  await client.query(`grant usage on schema ${JOBS_SCHEMA} to ${SERVING_ROLE}`);
  for (const kind of ['tables', 'sequences', 'functions']) {
    await client.query(`grant all on all ${kind} in schema ${JOBS_SCHEMA} to ${SERVING_ROLE}`);
  }
}

async function readApplied(client: Client): Promise<string[]> {
  const { rows: found } = await client.query(`select to_regclass('public.kysely_migration') as name`);
  if (!found[0]?.name) return [];
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name');
  return rows.map((row) => row.name);
}

async function open(url: string, limits: { statementTimeoutMs: number }): Promise<Client> {
  const client = new Client(clientSettings({ ...MIGRATING, ...limits, url }));
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw asDatabaseError(error);
  }
}
