/**
 * Stores many webhooks of many tenants in one statement: one round trip and one flush. A repeat is counted and stores
 * nothing. Answers the tenants that got something new.
 */
const KEEP_WEBHOOKS = `create or replace function keep_webhooks(given jsonb) returns setof uuid language sql volatile security definer
  set search_path = public, pg_temp as $body$
    with kept as (
      insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, vapi_call_id, twilio_call_sid, correlation_id, received_at, due_at)
      select e.tenant_id, e.id, e.vendor, e.type, e.dedupe_key, e.kept, e.vapi_call_id, e.twilio_call_sid, e.correlation_id, e.received_at, e.received_at
      from jsonb_to_recordset(given) as e(tenant_id uuid, id uuid, vendor text, type text, dedupe_key text, kept jsonb,
        vapi_call_id text, twilio_call_sid text, correlation_id text, received_at timestamptz)
      where exists (select from tenants t where t.id = e.tenant_id)
      on conflict (tenant_id, dedupe_key) do update set repeats = webhook_events.repeats + 1
      returning tenant_id, repeats
    )
    select distinct tenant_id from kept where repeats = 0
  $body$`;

export const INBOX_FUNCTIONS = [
  KEEP_WEBHOOKS,
  `grant select on tenants to ava_directory`,
  `grant create on schema public to ava_directory`,
  `alter function keep_webhooks(jsonb) owner to ava_directory`,
  `revoke create on schema public from ava_directory`,
  `revoke all on function keep_webhooks(jsonb) from public`,
  `grant execute on function keep_webhooks(jsonb) to ava_app`,
];
