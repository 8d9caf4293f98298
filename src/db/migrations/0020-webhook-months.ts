import { type Kysely, sql } from 'kysely';
import { openToDirectory } from '../directory.ts';
import { FIRST_MONTHLY_ID, makeMonthsAhead, makeOther, type Run } from '../months.ts';
import { secureTenantTable } from '../tenant-table.ts';
import type { Contract } from './released.ts';
import { LEDGER_FUNCTIONS } from './0020-webhook-functions.ts';

/**
 * Partitions by month, third step: the ledger as it stands becomes the partition of what came before, with its indexes,
 * and no row of it is read or written. What waits to be processed is in a table of its own, so that marking a webhook
 * changes no index.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const run: Run = (text) => sql.raw(text).execute(db);
  await readAhead(run);
  await run(`lock table webhook_events in access exclusive mode`);
  await makeQueue(db);
  for (const statement of PUT_ASIDE) await run(statement);
  for (const statement of TABLE) await run(statement);
  await open(db);
  await run(`alter table webhook_events attach partition webhook_events_before
    for values from (minvalue) to ('${FIRST_MONTHLY_ID}')`);
  await run(`alter table webhook_events_before drop constraint webhook_events_before_months`);
  await makeOther(run, 'webhook_events');
  await makeMonthsAhead(run, 'webhook_events', new Date());
  for (const statement of LEDGER_FUNCTIONS) await run(statement);
}

/** Nothing but `keep_webhooks` leaned on it, which is the database's own and goes by the keys now. */
export const contract: Contract = {
  after: '0004-calls',
  takes: ['index webhook_events_tenant_id_dedupe_key_key'],
};

/** What waits stands on many pages of a ledger: read before the lock, they are at hand while it is held. */
async function readAhead(run: Run): Promise<void> {
  await run('set local role ava_directory');
  await run(`select count(due_at) from webhook_events where state <> 'processed'`);
  await run('reset role');
}

async function makeQueue(db: Kysely<unknown>): Promise<void> {
  await sql`create table webhook_due (
    tenant_id uuid not null,
    due_at timestamptz not null,
    event_id uuid not null,
    primary key (tenant_id, due_at, event_id)
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`.execute(db);
  await secureTenantTable(db, 'webhook_due');
  await sql`alter table webhook_events no force row level security`.execute(db);
  await sql`alter table webhook_due no force row level security`.execute(db);
  await sql`insert into webhook_due (tenant_id, due_at, event_id)
    select tenant_id, case state when 'dead' then 'infinity' else due_at end, id from webhook_events
    where state <> 'processed'`.execute(db);
  await sql`alter table webhook_due force row level security`.execute(db);
  await sql`alter table webhook_events force row level security`.execute(db);
  await sql`grant select, insert, delete on webhook_due to ava_directory`.execute(db);
  await sql`create policy directory on webhook_due to ava_directory using (true) with check (true)`.execute(db);
}

/** It stays as it was for an earlier version, but for what nobody asks any more; and it is reached through the table. */
const PUT_ASIDE = [
  'drop trigger webhook_events_key on webhook_events',
  'drop function webhook_key_follows()',
  'alter table webhook_events drop constraint webhook_events_tenant_id_dedupe_key_key',
  'drop index webhook_events_not_done',
  'alter table webhook_events rename to webhook_events_before',
  'alter table webhook_events_before rename constraint webhook_events_pkey to webhook_events_before_pkey',
  ...['due', 'by_time', 'by_correlation', 'by_vapi_call', 'by_twilio_call'].map(
    (name) => `alter index webhook_events_${name} rename to webhook_events_before_${name}`,
  ),
  ...['directory', 'inbox_insert', 'inbox_repeat'].map((name) => `drop policy ${name} on webhook_events_before`),
  'revoke all on webhook_events_before from ava_app, ava_directory',
];

const TABLE = [
  `create table webhook_events (like webhook_events_before including defaults including constraints)
    partition by range (id)`,
  'alter table webhook_events drop constraint webhook_events_before_months',
  'alter table webhook_events alter column id set default monthly_id()',
  'alter table webhook_events add primary key (tenant_id, id)',
  `alter table webhook_events add constraint webhook_events_tenant_id_fkey
    foreign key (tenant_id) references tenants on delete cascade`,
  'create index webhook_events_by_time on webhook_events (received_at desc, id desc)',
  'create index webhook_events_by_correlation on webhook_events (tenant_id, correlation_id, received_at)',
  `create index webhook_events_by_vapi_call on webhook_events (tenant_id, vapi_call_id, received_at)
    where vapi_call_id is not null`,
  `create index webhook_events_by_twilio_call on webhook_events (tenant_id, twilio_call_sid, received_at)
    where twilio_call_sid is not null`,
];

async function open(db: Kysely<unknown>): Promise<void> {
  await secureTenantTable(db, 'webhook_events');
  await openToDirectory(db, 'webhook_events');
  await sql`grant insert, update on webhook_events to ava_directory`.execute(db);
  await sql`create policy inbox_insert on webhook_events for insert to ava_directory with check (true)`.execute(db);
  await sql`create policy inbox_repeat on webhook_events for update to ava_directory using (true) with check (true)`.execute(
    db,
  );
}
