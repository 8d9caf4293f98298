import { type Kysely, sql } from 'kysely';
import { openToDirectory } from '../directory.ts';
import { secureTenantTable } from '../tenant-table.ts';

/** Which calls each person has read, and the way to what left the house, newest first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table call_reads (
    tenant_id uuid not null,
    user_id uuid not null,
    call_id uuid not null,
    read_at timestamptz not null default now(),
    primary key (tenant_id, user_id, call_id),
    foreign key (tenant_id, user_id) references members on delete cascade,
    foreign key (tenant_id, call_id) references calls on delete cascade
  )`.execute(db);
  // Deleting a call looks for who read it.
  await sql`create index call_reads_by_call on call_reads (tenant_id, call_id)`.execute(db);
  await secureTenantTable(db, 'call_reads');
  // A search takes "unread" along.
  await openToDirectory(db, 'call_reads');
  await sql`create index effects_sent on effects (tenant_id, created_at desc, id desc)
    where kind in ('email', 'sms')`.execute(db);
}
