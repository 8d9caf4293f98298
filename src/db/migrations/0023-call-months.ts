import { type Kysely, sql } from 'kysely';
import { openToDirectory } from '../directory.ts';
import { FIRST_MONTHLY_ID, makeMonthsAhead, makeOther, type Run } from '../months.ts';
import { secureTenantTable } from '../tenant-table.ts';

/**
 * Calls by month, third step: the table as it stands becomes the partition of what came before, with its indexes, and no
 * row of it is read or written. A version that makes random ids goes on: its calls come into that partition.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const run: Run = (text) => sql.raw(text).execute(db);
  await run(`lock table calls, call_reads in access exclusive mode`);
  for (const statement of PUT_ASIDE) await run(statement);
  for (const statement of TABLE) await run(statement);
  await secureTenantTable(db, 'calls');
  await openToDirectory(db, 'calls');
  await run(`alter table calls attach partition calls_before for values from (minvalue) to ('${FIRST_MONTHLY_ID}')`);
  await run(`alter table calls_before drop constraint calls_before_months`);
  await makeOther(run, 'calls');
  await makeMonthsAhead(run, 'calls', new Date());
  // The next step looks whether it holds of what is there, as it did.
  await run(`alter table call_reads add constraint call_reads_tenant_id_call_id_fkey
    foreign key (tenant_id, call_id) references calls on delete cascade not valid`);
}

const INDEXES = {
  by_time: '(tenant_id, started_at desc, id desc)',
  by_outcome: '(tenant_id, outcome, started_at desc, id desc)',
  by_status: '(tenant_id, status, started_at desc, id desc)',
  by_direction: '(tenant_id, direction, started_at desc, id desc)',
  by_assistant: '(tenant_id, assistant_id, started_at desc, id desc)',
  by_from: '(tenant_id, from_number, started_at desc, id desc)',
  by_to: '(tenant_id, to_number, started_at desc, id desc)',
};

/** It stays as it was, and is reached through the table. */
const PUT_ASIDE = [
  'alter table call_reads drop constraint call_reads_tenant_id_call_id_fkey',
  'alter table calls rename to calls_before',
  'alter table calls_before rename constraint calls_pkey to calls_before_pkey',
  'alter table calls_before rename constraint calls_tenant_id_fkey to calls_before_tenant_id_fkey',
  // Nobody asks by it.
  'drop index calls_by_end',
  ...Object.keys(INDEXES).map((name) => `alter index calls_${name} rename to calls_before_${name}`),
  'drop policy directory on calls_before',
  'revoke all on calls_before from ava_app, ava_directory',
];

const TABLE = [
  'create table calls (like calls_before including defaults including constraints) partition by range (id)',
  'alter table calls drop constraint calls_before_months',
  'alter table calls add primary key (tenant_id, id)',
  'alter table calls add constraint calls_tenant_id_fkey foreign key (tenant_id) references tenants on delete cascade',
  ...Object.entries(INDEXES).map(([name, columns]) => `create index calls_${name} on calls ${columns}`),
];
