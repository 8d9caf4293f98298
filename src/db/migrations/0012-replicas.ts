import { type Kysely, sql } from 'kysely';
import { grantGlobalTable } from '../tenant-table.ts';

/** Which replicas run and which schema they know; and what was taken away for good, for versions that come back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  await grantGlobalTable(db, 'replicas');
  await sql`grant select on schema_contracts to ava_app`.execute(db);
}

const TABLES = [
  `create table replicas (
    id uuid primary key,
    version text not null,
    commit text not null,
    knows text[] not null,
    started_at timestamptz not null,
    seen_at timestamptz not null default now()
  )`,
  `create table schema_contracts (
    name text primary key,
    after text not null,
    takes text[] not null,
    applied_at timestamptz not null default now()
  )`,
];
