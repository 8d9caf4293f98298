/**
 * Stores many webhooks of many tenants in one statement: one round trip and one flush. Who comes first with a key stores
 * the message; a repeat is counted and stores nothing, also when both come at the same moment: the second one waits for
 * the first at the key, and looks again. The ids are made here, so that those of an earlier version have a month too.
 * Answers the tenants that got something new.
 */
const KEEP_WEBHOOKS = `create or replace function keep_webhooks(given jsonb) returns setof uuid language plpgsql volatile security definer
  set search_path = public, pg_temp as $body$
    declare
      month constant text := left(monthly_id()::text, 18);
      fresh uuid[];
      owners uuid[];
      again uuid[];
      owners_again uuid[];
    begin
      with incoming as materialized (
        select e.*, message_key(e.dedupe_key) as key, (month || substr(gen_random_uuid()::text, 19))::uuid as event_id
        from jsonb_to_recordset(given) as e(tenant_id uuid, vendor text, type text, dedupe_key text, kept jsonb,
          vapi_call_id text, twilio_call_sid text, correlation_id text, received_at timestamptz)
        where exists (select from tenants t where t.id = e.tenant_id)
      ), won as (
        insert into webhook_keys (tenant_id, key, event_id) select i.tenant_id, i.key, i.event_id from incoming i
        order by i.tenant_id, i.key
        on conflict do nothing returning event_id
      ), stored as (
        insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, kept, vapi_call_id, twilio_call_sid, correlation_id, received_at, due_at)
        select i.tenant_id, i.event_id, i.vendor, i.type, i.dedupe_key, i.kept, i.vapi_call_id, i.twilio_call_sid, i.correlation_id, i.received_at, i.received_at
        from incoming i join won on won.event_id = i.event_id
        returning tenant_id, id, due_at
      ), queued as (
        insert into webhook_due (tenant_id, due_at, event_id) select s.tenant_id, s.due_at, s.id from stored s
        returning tenant_id, event_id
      )
      select array_agg(q.event_id), array_agg(distinct q.tenant_id) into fresh, owners from queued q;
      if coalesce(cardinality(fresh), 0) < jsonb_array_length(given) then
        select array_agg(k.tenant_id), array_agg(k.event_id) into owners_again, again
          from jsonb_to_recordset(given) as g(tenant_id uuid, dedupe_key text)
          join webhook_keys k on k.tenant_id = g.tenant_id and k.key = message_key(g.dedupe_key)
          where k.event_id <> all(coalesce(fresh, '{}'));
        -- Planned anew, with the ids as values: the months alone are asked in which they are. In one order, whoever comes.
        execute 'select from webhook_events where tenant_id = any($1) and id = any($2) order by tenant_id, id for no key update'
          using owners_again, again;
        execute 'update webhook_events set repeats = repeats + 1 where tenant_id = any($1) and id = any($2)'
          using owners_again, again;
      end if;
      return query select unnest(owners);
    end $body$`;

/** When a webhook's turn is, in words of SQL; a dead one has none. */
const TURN = `case state when 'dead' then 'infinity' else due_at end`;

/**
 * The queue follows the ledger, whichever version changes it: what is not processed is in it, and nothing else. New
 * webhooks are put there by `keep_webhooks`.
 */
const QUEUE_FOLLOWS = `create function webhook_due_follows() returns trigger language plpgsql set search_path = public, pg_temp as $body$
    begin
      delete from webhook_due d
        using (select w.tenant_id, ${TURN} as turn, w.id from was w where w.state <> 'processed') o
        where d.tenant_id = o.tenant_id and d.due_at = o.turn and d.event_id = o.id;
      insert into webhook_due (tenant_id, due_at, event_id)
        select b.tenant_id, ${TURN}, b.id from became b where b.state <> 'processed' on conflict do nothing;
      return null;
    end $body$`;

/** A tenant that is deleted takes its webhooks along, and nobody acts for that tenant any more: so it acts across tenants. */
const ALL_GO = `create function webhook_gone() returns trigger language plpgsql security definer set search_path = public, pg_temp as $body$
    begin
      delete from webhook_due d using was w where d.tenant_id = w.tenant_id and d.event_id = w.id;
      delete from webhook_keys k using was w
        where k.tenant_id = w.tenant_id and k.key = message_key(w.dedupe_key) and k.event_id = w.id;
      return null;
    end $body$`;

const COLUMNS = `e.tenant_id, e.id, e.received_at, e.vendor, e.type, e.state, e.vapi_call_id, e.twilio_call_sid, e.processed_at,
  e.attempts, e.repeats, e.problem, e.correlation_id`;
const IS_WANTED = `(wanted_state is null or e.state = wanted_state) and (wanted_vendor is null or e.vendor = wanted_vendor)`;
// Without a first page's condition that is true of all rows, each page would walk over those before it.
const IS_BEFORE = `(e.received_at, e.id) < (coalesce(before_time, 'infinity'), coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`;

/** One month is asked for one id; the queue for what is not processed; all months, each from its newest, for the rest. */
const WEBHOOK_LEDGER = `create or replace function webhook_ledger(wanted_state text, wanted_vendor text, before_time timestamptz,
    before_id uuid, wanted_id uuid, most integer)
  returns table (tenant_id uuid, id uuid, received_at timestamptz, vendor text, type text, state text, vapi_call_id text,
    twilio_call_sid text, processed_at timestamptz, attempts integer, repeats integer, problem text, correlation_id text)
  language plpgsql stable security definer set search_path = public, pg_temp as $body$
    #variable_conflict use_column
    begin
      if wanted_id is not null then
        return query select ${COLUMNS} from webhook_events e
          where e.id = wanted_id and ${IS_WANTED} and ${IS_BEFORE} limit most;
      elsif wanted_state in ('pending', 'dead') then
        return query select ${COLUMNS} from webhook_due d
          cross join lateral (select * from webhook_events w where w.tenant_id = d.tenant_id and w.id = d.event_id offset 0) e
          where (d.due_at = 'infinity') = (wanted_state = 'dead') and ${IS_WANTED} and ${IS_BEFORE}
          order by e.received_at desc, e.id desc limit most;
      else
        return query select ${COLUMNS} from webhook_events e
          where ${IS_WANTED} and ${IS_BEFORE} order by e.received_at desc, e.id desc limit most;
      end if;
    end $body$`;

const TENANTS_WITH_DUE = `create or replace function tenants_with_due_webhooks(moment timestamptz) returns setof uuid
  language sql stable security definer set search_path = public, pg_temp as $body$
    select distinct d.tenant_id from webhook_due d where d.due_at <= moment
  $body$`;

const COUNTS = `create or replace function webhook_counts() returns table (state text, events bigint)
  language sql stable security definer set search_path = public, pg_temp as $body$
    select case d.due_at when 'infinity' then 'dead' else 'pending' end, count(*) from webhook_due d group by 1
  $body$`;

/** What was there before keeps its owner and who may call it. */
export const LEDGER_FUNCTIONS = [
  ...[KEEP_WEBHOOKS, WEBHOOK_LEDGER, TENANTS_WITH_DUE, COUNTS, QUEUE_FOLLOWS, ALL_GO],
  'grant create on schema public to ava_directory',
  'alter function webhook_gone() owner to ava_directory',
  'revoke create on schema public from ava_directory',
  'revoke all on function webhook_due_follows(), webhook_gone() from public',
  `create trigger webhook_events_due after update on webhook_events
    referencing old table as was new table as became for each statement execute function webhook_due_follows()`,
  `create trigger webhook_events_gone after delete on webhook_events
    referencing old table as was for each statement execute function webhook_gone()`,
];
