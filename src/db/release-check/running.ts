/** Who lives with a schema: the replicas that run now, and the versions that may come back. */
import type { Client } from 'pg';
import type { Contract, Migrations } from '../migrations/released.ts';
import { REPLICA_LIFE_S } from '../replicas.ts';

/** Replicas of one version and commit. */
export type RunningVersion = { version: string; commit: string; replicas: number; knows: string[] };

export type TakenForGood = { name: string } & Contract;

/** The versions that run; none where the database is from before replicas were noted. */
export async function readRunning(client: Client): Promise<RunningVersion[]> {
  if (!(await hasTable(client, 'replicas'))) return [];
  const { rows } = await client.query<RunningVersion>(
    `select version, commit, count(*)::int as replicas, knows from replicas
     where seen_at > now() - make_interval(secs => $1) group by version, commit, knows order by version, commit`,
    [REPLICA_LIFE_S],
  );
  return rows;
}

/** What earlier migrations have taken away. */
export async function readTaken(client: Client): Promise<TakenForGood[]> {
  if (!(await hasTable(client, 'schema_contracts'))) return [];
  const { rows } = await client.query<TakenForGood>('select name, after, takes from schema_contracts order by name');
  return rows;
}

export async function noteTaken(client: Client, name: string, { after, takes }: Contract): Promise<void> {
  await client.query(
    'insert into schema_contracts (name, after, takes) values ($1, $2, $3) on conflict (name) do nothing',
    [name, after, takes],
  );
}

/** Sentences about running versions that still need what `pending` takes; empty when none does. */
export function stillNeeded(
  pending: readonly string[],
  migrations: Migrations,
  running: readonly RunningVersion[],
): { migration: string; problem: string; remedy: string }[] {
  return pending.flatMap((name) => {
    const contract = migrations[name]?.contract;
    if (!contract) return [];
    return running
      .filter(({ knows }) => !knows.includes(contract.after) && !knows.includes(name))
      .map(({ version, commit, replicas }) => ({
        migration: name,
        problem: `${name} takes away ${contract.takes.join(', ')}, which ${replicas} running replica(s) of ${version} (${commit}) still need.`,
        remedy: `First release a version that has ${contract.after}, and end every replica of the older one.`,
      }));
  });
}

/** Sentences about what this version needs and the database no longer has: it came back too late. */
export function goneForGood(
  migrations: Migrations,
  taken: readonly TakenForGood[],
): { migration: string; problem: string; remedy: string }[] {
  return taken
    .filter(({ name, after }) => !(name in migrations) && !(after in migrations))
    .map(({ name, after, takes }) => ({
      migration: name,
      problem: `A newer version has taken away ${takes.join(', ')}, which this version still needs.`,
      remedy: `Roll back to a version that has ${after}, or restore a backup from before ${name}.`,
    }));
}

async function hasTable(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ name: string | null }>('select to_regclass($1) as name', [`public.${name}`]);
  return rows[0]?.name != null;
}
