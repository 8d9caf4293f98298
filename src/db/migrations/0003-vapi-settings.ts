import { type Kysely, sql } from 'kysely';
import { secureTenantTable } from '../tenant-table.ts';

/** Adoption, stubs and copies of assistants, and the edit of each that is under way. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await secureTenantTable(db, 'assistant_edits');
}

const STATEMENTS = [
  `alter table assistants
    add column adopted_at timestamptz,
    add column revision integer not null default 0,
    add column stub boolean not null default false,
    add column connected boolean not null default false,
    add column deleted_copy bytea`,
  `create table assistant_edits (
    tenant_id uuid not null references tenants on delete cascade,
    vapi_assistant_id uuid not null,
    token uuid not null,
    intent jsonb,
    expires_at timestamptz not null,
    primary key (tenant_id, vapi_assistant_id)
  )`,
];
