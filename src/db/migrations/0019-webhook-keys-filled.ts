import { type Kysely, sql } from 'kysely';
import { FIRST_MONTHLY_ID } from '../months.ts';

/**
 * Partitions by month, second step: the keys of the webhooks from before the first one, and the proof that their ids are
 * below those of any month. Readers and writers go on meanwhile; a million webhooks take about a minute.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from tenants order by id`.execute(db);
  for (const { id } of rows) {
    // One tenant at a time, for an owner whom row-level security binds too.
    await sql`select set_config('app.tenant', ${id}, true)`.execute(db);
    await sql`update webhook_events set id = gen_random_uuid()
      where tenant_id = ${id} and id >= ${FIRST_MONTHLY_ID}`.execute(db);
    await fillKeys(db, id);
  }
  await sql`alter table webhook_events validate constraint webhook_events_before_months`.execute(db);
}

const STEP = 50_000;

/** In the order of the keys, which no change of a webhook touches: none is missed while others write. */
async function fillKeys(db: Kysely<unknown>, tenantId: string): Promise<void> {
  for (let after: string | null = ''; after !== null;) {
    const { rows }: { rows: { last: string | null }[] } = await sql<{ last: string | null }>`
      with step as materialized (
        select id, dedupe_key from webhook_events where tenant_id = ${tenantId} and dedupe_key > ${after}
        order by dedupe_key limit ${STEP}
      ), filled as (
        insert into webhook_keys (tenant_id, key, event_id) select ${tenantId}, message_key(dedupe_key), id from step
        on conflict do nothing
      )
      select max(dedupe_key) as last from step`.execute(db);
    after = rows[0]?.last ?? null;
  }
}
