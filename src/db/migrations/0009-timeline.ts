import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction } from '../directory.ts';

/** Ways to find everything about one id: the story of a request, a call or a message. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of INDEXES) await sql.raw(statement).execute(db);
  await createDirectoryFunction(db, {
    // Reading inside JSON is not leakproof, so under row-level security its index would never be used: the tenant is checked here.
    name: 'effects_of_message',
    parameters: 'wanted text, most integer',
    returns: 'setof uuid',
    body: `select e.id from effects e
           where e.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
             and e.outcome ->> 'messageId' = wanted limit most`,
  });
}

// An operator of a large installation builds them beforehand, with `concurrently`, so that no table stands still.
const INDEXES = [
  `create index if not exists webhook_events_by_correlation on webhook_events (tenant_id, correlation_id, received_at)`,
  `create index if not exists webhook_events_by_vapi_call on webhook_events (tenant_id, vapi_call_id, received_at)
    where vapi_call_id is not null`,
  `create index if not exists webhook_events_by_twilio_call on webhook_events (tenant_id, twilio_call_sid, received_at)
    where twilio_call_sid is not null`,
  `create index if not exists webhook_quarantine_by_correlation on webhook_quarantine (correlation_id)`,
  `create index if not exists call_events_by_correlation on call_events (tenant_id, correlation_id, at)
    where correlation_id is not null`,
  `create index if not exists effects_by_correlation on effects (tenant_id, correlation_id, created_at)`,
  `create index if not exists effects_by_key_prefix on effects (tenant_id, key collate "C")`,
  `create index if not exists effects_by_message on effects (tenant_id, (outcome ->> 'messageId'))
    where outcome ->> 'messageId' is not null`,
  `create index if not exists audit_entries_by_correlation on audit_entries (tenant_id, correlation_id, at)`,
  `create index if not exists setting_versions_by_correlation on setting_versions (tenant_id, correlation_id, created_at)`,
];
