import { type Kysely, sql } from 'kysely';
import { grantGlobalTable } from '../tenant-table.ts';

/**
 * When circuits opened and closed, so that the timeline of a call can tell what stood between it and a vendor; and a
 * state for effects that nobody tries any more.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await grantGlobalTable(db, 'circuit_changes');
}

const STATEMENTS = [
  `alter table effects drop constraint effects_state_check`,
  `alter table effects add constraint effects_state_check
    check (state in ('planned', 'started', 'done', 'refused', 'unknown', 'given_up'))`,
  `create table circuit_changes (
    id uuid primary key default gen_random_uuid(),
    at timestamptz not null,
    circuit text not null,
    upstream text not null,
    scope text not null check (scope in ('upstream', 'credential')),
    change text not null check (change in ('opening', 'probing', 'closing', 'isolated', 'released')),
    reason text not null
  )`,
  `create index circuit_changes_by_time on circuit_changes (at)`,
];
