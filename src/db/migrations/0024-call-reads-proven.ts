import { type Kysely, sql } from 'kysely';

/** Calls by month, last step: who has read a call that is not there, nobody. Readers and writers go on meanwhile. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table call_reads validate constraint call_reads_tenant_id_call_id_fkey`.execute(db);
}
