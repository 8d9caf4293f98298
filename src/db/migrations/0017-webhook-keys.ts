import { type Kysely, sql } from 'kysely';
import { FIRST_MONTHLY_ID } from '../months.ts';
import { secureTenantTable } from '../tenant-table.ts';
import type { Contract } from './released.ts';

/**
 * Partitions by month, first step: what a repeat of a webhook is known by gets a table of its own, since a unique key
 * over partitions would have to hold the month. From here on every new webhook is in it; the next step fills in the others.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await secureTenantTable(db, 'webhook_keys');
  await sql`grant select, insert, delete on webhook_keys to ava_directory`.execute(db);
  await sql`create policy directory on webhook_keys to ava_directory using (true) with check (true)`.execute(db);
  // Its lock waits for those who write: whoever writes after it finds the trigger, and the next step sees all others.
  await sql`create trigger webhook_events_key after insert on webhook_events
    for each row execute function webhook_key_follows()`.execute(db);
}

/** A random id is one of those one in four billion times, is refused, and the webhook stored again with another. */
export const contract: Contract = {
  after: '0004-calls',
  takes: ['constraint webhook_events.webhook_events_before_months'],
};

const STATEMENTS = [
  // Of version 8: a month, in steps of 17 minutes, and 62 random bits, above (almost) all random ids.
  `create function monthly_id(at timestamptz default now()) returns uuid language sql volatile parallel safe as $body$
    select ('ffffffff-' || lpad(to_hex((extract(year from utc)::int - 1970) * 12 + extract(month from utc)::int - 1), 4, '0')
      || '-8' || lpad(to_hex(floor(extract(epoch from utc - date_trunc('month', utc)))::int / 1024), 3, '0')
      || substr(gen_random_uuid()::text, 19))::uuid
    from (select at at time zone 'UTC' as utc) as moment
  $body$`,
  `create function message_key(dedupe_key text) returns uuid language sql stable parallel safe as $body$
    select encode(substring(sha256(convert_to(dedupe_key, 'UTF8')) from 1 for 16), 'hex')::uuid
  $body$`,
  // Without a reference to tenants: each webhook would pay for another look at its tenant. They go with their webhook.
  `create table webhook_keys (
    tenant_id uuid not null,
    key uuid not null,
    event_id uuid not null,
    primary key (tenant_id, key)
  )`,
  `create function webhook_key_follows() returns trigger language plpgsql set search_path = public, pg_temp as $body$
    begin
      insert into webhook_keys (tenant_id, key, event_id)
        values (new.tenant_id, message_key(new.dedupe_key), new.id) on conflict do nothing;
      return null;
    end $body$`,
  `alter table webhook_events add constraint webhook_events_before_months check (id < '${FIRST_MONTHLY_ID}') not valid`,
];
