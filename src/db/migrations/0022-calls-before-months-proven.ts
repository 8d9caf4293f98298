import { type Kysely, sql } from 'kysely';
import { FIRST_MONTHLY_ID } from '../months.ts';

/**
 * Calls by month, second step: the proof that the ids of the calls from before are below those of any month. Readers and
 * writers go on meanwhile. An id that is not, one in four billion, gives way to another.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from tenants order by id`.execute(db);
  for (const { id } of rows) {
    // One tenant at a time, for an owner whom row-level security binds too.
    await sql`select set_config('app.tenant', ${id}, true)`.execute(db);
    const found = await sql<{ id: string }>`select id from calls
      where tenant_id = ${id} and id >= ${FIRST_MONTHLY_ID}`.execute(db);
    for (const call of found.rows) await rename(db, id, call.id);
  }
  await sql`alter table calls validate constraint calls_before_months`.execute(db);
}

/** Who has read it is forgotten: it is shown as new once more. */
async function rename(db: Kysely<unknown>, tenantId: string, callId: string): Promise<void> {
  await sql`delete from call_reads where tenant_id = ${tenantId} and call_id = ${callId}`.execute(db);
  const { rows } = await sql<{ id: string }>`update calls set id = gen_random_uuid()
    where tenant_id = ${tenantId} and id = ${callId} returning id`.execute(db);
  for (const table of ['call_links', 'call_events', 'call_texts'])
    await sql`update ${sql.table(table)} set call_id = ${rows[0]!.id}
      where tenant_id = ${tenantId} and call_id = ${callId}`.execute(db);
}
