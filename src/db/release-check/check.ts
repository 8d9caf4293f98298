/**
 * Whether the versions that run can live with the schema of this one. Nothing is taken on trust: the pending migrations
 * are run in an empty database, and what they did is compared with what they declare and with who still needs it.
 */
import { Client } from 'pg';
import { applyMigration, readMigrationState } from '../migrate.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import type { Migrations } from '../migrations/released.ts';
import { clientSettings } from '../pool.ts';
import { createServingRole } from '../serving-role.ts';
import { type Change, compareShapes } from './compare.ts';
import { goneForGood, readRunning, readTaken, type RunningVersion, stillNeeded } from './running.ts';
import { NoScratchDatabase, withScratchDatabase } from './scratch.ts';
import { readShape } from './shape.ts';

export type ReleaseProblem = { migration: string; problem: string; remedy: string };

export type ReleaseCheck = {
  /** Whether this version may be released now: no problem, and the migrations could be tried. */
  fits: boolean;
  /** Why the pending migrations could not be tried; null when they were, or need not be. */
  untried: string | null;
  applied: string[];
  pending: string[];
  /** What a newer version has applied. */
  unknown: string[];
  problems: ReleaseProblem[];
  /** What the pending migrations do that a running version would notice, problems or not. */
  changes: { migration: string; change: string }[];
  running: Omit<RunningVersion, 'knows'>[];
};

/**
 * Looks at the database of `url` and changes nothing in it. An empty database takes every version. Throws
 * `DatabaseUnavailable`, or the fault of a migration.
 */
export async function checkRelease(url: string, migrations: Migrations = MIGRATIONS): Promise<ReleaseCheck> {
  const state = await readMigrationState(url, migrations);
  const client = new Client(clientSettings(CHECKING(url)));
  await client.connect();
  try {
    const running = await readRunning(client);
    const isTried = state.applied.length > 0 && state.pending.length > 0;
    const outcome = isTried ? await tryPending(url, state, migrations).catch(whyNot) : [];
    const tried = Array.isArray(outcome) ? outcome : [];
    const untried = Array.isArray(outcome) ? null : outcome.untried;
    const problems = [
      ...goneForGood(migrations, await readTaken(client)),
      ...stillNeeded(state.pending, migrations, running),
      ...undeclared(tried, migrations),
      ...(await tooLong(client, tried, migrations)),
    ];
    return {
      fits: problems.length === 0 && untried === null,
      untried,
      ...state,
      problems,
      changes: tried.map(({ migration, change }) => ({ migration, change: change.sentence })),
      running: running.map(({ version, commit, replicas }) => ({ version, commit, replicas })),
    };
  } finally {
    await client.end();
  }
}

const CHECKING = (url: string) => ({
  url,
  applicationName: 'ava-migrate/check',
  role: undefined,
  statementTimeoutMs: 60_000,
  connectTimeoutMs: 5_000,
});

function whyNot(error: unknown): { untried: string } {
  if (error instanceof NoScratchDatabase) return { untried: error.message };
  throw error;
}

/** Nobody uses its tables, so nobody waits behind it; the roles of the server are others' too. */
const SCRATCH_LOCK_TIMEOUT_MS = 30_000;

type Tried = { migration: string; change: Change };

async function tryPending(
  url: string,
  { applied, pending }: { applied: string[]; pending: string[] },
  migrations: Migrations,
): Promise<Tried[]> {
  return await withScratchDatabase(url, async (scratchUrl) => {
    const client = new Client(clientSettings(CHECKING(scratchUrl)));
    await client.connect();
    try {
      await createServingRole(client);
      const last = applied.findLast((name) => name in migrations);
      if (last !== undefined) await applyMigration(scratchUrl, last, migrations, SCRATCH_LOCK_TIMEOUT_MS);
      const tried: Tried[] = [];
      let before = await readShape(client);
      for (const migration of pending) {
        await applyMigration(scratchUrl, migration, migrations, SCRATCH_LOCK_TIMEOUT_MS);
        const after = await readShape(client);
        tried.push(...compareShapes(before, after).map((change) => ({ migration, change })));
        before = after;
      }
      return tried;
    } finally {
      await client.end();
    }
  });
}

function undeclared(tried: readonly Tried[], migrations: Migrations): ReleaseProblem[] {
  return tried
    .filter(({ change }) => change.effect === 'takes')
    .filter(({ migration, change }) => !migrations[migration]?.contract?.takes.includes(change.what))
    .map(({ migration, change }) => ({
      migration,
      problem: `${migration} ${change.sentence}; a version that runs beside it may need that.`,
      remedy: `Only add in this release, and take "${change.what}" in a later one, by a migration with a contract.`,
    }));
}

/** More rows than this cannot be written anew, or indexed, in the time that a caller waits. */
const LARGE_ROWS = 100_000;
const LARGE_BYTES = 64 * 1024 * 1024;

async function tooLong(client: Client, tried: readonly Tried[], migrations: Migrations): Promise<ReleaseProblem[]> {
  const problems: ReleaseProblem[] = [];
  for (const { migration, change } of tried) {
    if (isBuiltAhead(change, migrations[migration]?.indexes)) continue;
    if (change.effect !== 'blocks' || !(await isLarge(client, change))) continue;
    problems.push({
      migration,
      problem: `${migration} ${change.sentence}, and ${change.table} is large.`,
      remedy: change.what.startsWith('index ')
        ? `Declare it in the "indexes" of the migration, or build it by hand first with "create index concurrently".`
        : 'Add a new column or table beside it, fill it in small steps, and change over in a later release.',
    });
  }
  return problems;
}

function isBuiltAhead({ what }: Change, indexes: Readonly<Record<string, string>> = {}): boolean {
  return Object.keys(indexes).some((name) => what === `index ${name}`);
}

async function isLarge(client: Client, { what, table }: Change): Promise<boolean> {
  const [, index] = /^index (.*)$/.exec(what) ?? [];
  const { rows } = await client.query<{ large: boolean }>(
    `select (c.reltuples > $2 or pg_total_relation_size(c.oid) > $3)
       and ($4::text is null or to_regclass('public.' || quote_ident($4)) is null) as large
     from pg_class c where c.oid = to_regclass('public.' || quote_ident($1))`,
    [table, LARGE_ROWS, LARGE_BYTES, index ?? null],
  );
  return rows[0]?.large === true;
}
