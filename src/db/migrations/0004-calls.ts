import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction, openToDirectory } from '../directory.ts';
import { grantGlobalTable, secureTenantTable } from '../tenant-table.ts';
import { INBOX_FUNCTIONS } from './0004-calls-functions.ts';

/** Numbers and their routing, the webhook ledger, calls with their events, texts and daily sums, limits and reconciliation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  await grantGlobalTable(db, 'webhook_quarantine');
  for (const table of TENANT) await secureTenantTable(db, table);
  for (const table of ['phone_numbers', 'webhook_events', 'calls', 'call_texts', 'effects'])
    await openToDirectory(db, table);
  await openInboxToDirectory(db);
  for (const definition of DIRECTORY) await createDirectoryFunction(db, definition);
  for (const statement of INBOX_FUNCTIONS) await sql.raw(statement).execute(db);
}

// One statement stores the waiting webhooks of many tenants with one flush, so it has to write across them.
async function openInboxToDirectory(db: Kysely<unknown>): Promise<void> {
  await sql`grant insert, update on webhook_events to ava_directory`.execute(db);
  await sql`create policy inbox_insert on webhook_events for insert to ava_directory with check (true)`.execute(db);
  await sql`create policy inbox_repeat on webhook_events for update to ava_directory using (true) with check (true)`.execute(
    db,
  );
}

const TENANT = [
  'phone_numbers',
  'webhook_events',
  'calls',
  'call_links',
  'call_events',
  'call_texts',
  'call_days',
  'call_policies',
  'call_budgets',
  'call_completeness',
  'reconciliation_marks',
];

const DIRECTORY = [
  {
    name: 'routing_since',
    parameters: 'version bigint',
    returns:
      'table (tenant_id uuid, sid text, account_sid text, phone_number text, vapi_phone_number_id text, assistant_id uuid, mode text, plan jsonb, flipped boolean, synthetic boolean, routing_version bigint)',
    body: `select n.tenant_id, n.sid, n.account_sid, n.phone_number, n.vapi_phone_number_id, n.assistant_id, n.mode, n.plan,
             n.flipped_urls is not null, t.synthetic, n.routing_version
           from phone_numbers n join tenants t on t.id = n.tenant_id
           where n.routing_version > version and n.mode is not null order by n.routing_version`,
  },
  {
    name: 'tenants_of_twilio_account',
    parameters: 'wanted text',
    returns: 'setof uuid',
    body: `select c.tenant_id from vendor_credentials c where c.vendor = 'twilio' and c.account = wanted`,
  },
  {
    name: 'tenant_of_number',
    parameters: 'wanted text, account text',
    returns: 'setof uuid',
    body: `select n.tenant_id from phone_numbers n
           where n.phone_number = wanted and (account is null or n.account_sid is null or n.account_sid = account)`,
  },
  {
    name: 'tenant_of_vapi_number',
    parameters: 'wanted text',
    returns: 'setof uuid',
    body: 'select n.tenant_id from phone_numbers n where n.vapi_phone_number_id = wanted',
  },
  {
    name: 'tenants_with_due_webhooks',
    parameters: 'moment timestamptz',
    returns: 'setof uuid',
    body: `select distinct e.tenant_id from webhook_events e where e.state = 'pending' and e.due_at <= moment`,
  },
  {
    name: 'tenants_with_ended_calls',
    parameters: '',
    returns: 'setof uuid',
    body: 'select t.id from tenants t where exists (select from calls c where c.tenant_id = t.id)',
  },
  {
    name: 'webhook_ledger',
    parameters:
      'wanted_state text, wanted_vendor text, before_time timestamptz, before_id uuid, wanted_id uuid, most integer',
    returns:
      'table (tenant_id uuid, id uuid, received_at timestamptz, vendor text, type text, state text, vapi_call_id text, twilio_call_sid text, processed_at timestamptz, attempts integer, repeats integer, problem text, correlation_id text)',
    body: `select e.tenant_id, e.id, e.received_at, e.vendor, e.type, e.state, e.vapi_call_id, e.twilio_call_sid, e.processed_at,
             e.attempts, e.repeats, e.problem, e.correlation_id
           from webhook_events e
           where (wanted_state is null or e.state = wanted_state) and (wanted_vendor is null or e.vendor = wanted_vendor)
             and (wanted_id is null or e.id = wanted_id)
             and (before_time is null or (e.received_at, e.id) < (before_time, before_id))
           order by e.received_at desc, e.id desc limit most`,
  },
  {
    // Text search is not leakproof, so under row-level security its index would never be used: the tenant is checked here.
    name: 'search_calls',
    parameters: 'wanted text, before_time timestamptz, before_id uuid, most integer',
    returns: 'setof uuid',
    body: `select c.id from call_texts x join calls c on c.tenant_id = x.tenant_id and c.id = x.call_id
           where x.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
             and x.search @@ websearch_to_tsquery('simple', wanted)
             and (before_time is null or (c.started_at, c.id) < (before_time, before_id))
           order by c.started_at desc, c.id desc limit most`,
  },
  {
    name: 'due_effects',
    parameters: 'wanted_kind text, wanted_states text[], moment timestamptz, most integer',
    returns: 'table (tenant_id uuid, id uuid)',
    body: `select e.tenant_id, e.id from effects e
           where e.kind = wanted_kind and e.state = any(wanted_states) and e.updated_at <= moment
           order by e.updated_at limit most`,
  },
  {
    name: 'webhook_counts',
    parameters: '',
    returns: 'table (state text, events bigint)',
    body: `select e.state, count(*) from webhook_events e where e.state in ('pending', 'dead') group by e.state`,
  },
];

const OWNED = 'tenant_id uuid not null references tenants on delete cascade';

const TABLES = [
  `create index effects_open on effects (kind, updated_at) where state in ('planned', 'started', 'unknown')`,
  `create sequence routing_version`,
  `grant usage on sequence routing_version to ava_app`,
  `create table phone_numbers (
    ${OWNED},
    sid text not null unique,
    account_sid text,
    phone_number text not null,
    friendly_name text,
    vapi_phone_number_id text,
    assistant_id uuid,
    mode text check (mode in ('front_door', 'flip', 'off')),
    plan jsonb,
    twilio_snapshot jsonb,
    snapshot_at timestamptz,
    original_urls jsonb,
    flipped_urls jsonb,
    routing_version bigint not null default nextval('routing_version'),
    created_at timestamptz not null default now(),
    updated_at timestamptz,
    updated_by text,
    primary key (tenant_id, sid)
  )`,
  `create index phone_numbers_by_number on phone_numbers (phone_number)`,
  `create index phone_numbers_by_vapi on phone_numbers (vapi_phone_number_id)`,
  `create index phone_numbers_by_version on phone_numbers (routing_version)`,
  `create table webhook_events (
    ${OWNED},
    id uuid not null default gen_random_uuid(),
    vendor text not null check (vendor in ('vapi', 'twilio')),
    type text not null,
    dedupe_key text not null,
    state text not null default 'pending' check (state in ('pending', 'processed', 'dead')),
    kept jsonb not null,
    vapi_call_id text,
    twilio_call_sid text,
    correlation_id text not null,
    received_at timestamptz not null default now(),
    due_at timestamptz not null default now(),
    processed_at timestamptz,
    attempts integer not null default 0,
    repeats integer not null default 0,
    problem text,
    primary key (tenant_id, id),
    unique (tenant_id, dedupe_key)
  )`,
  `create index webhook_events_due on webhook_events (tenant_id, due_at) where state = 'pending'`,
  `create index webhook_events_by_time on webhook_events (received_at desc, id desc)`,
  `create index webhook_events_not_done on webhook_events (state, received_at desc, id desc) where state <> 'processed'`,
  `create table webhook_quarantine (
    id uuid primary key default gen_random_uuid(),
    vendor text not null,
    type text not null,
    dedupe_key text not null unique,
    reason text not null,
    kept jsonb not null,
    correlation_id text not null,
    received_at timestamptz not null default now(),
    repeats integer not null default 0
  )`,
  `create index webhook_quarantine_by_time on webhook_quarantine (received_at desc, id desc)`,
  `create table calls (
    ${OWNED},
    id uuid not null default gen_random_uuid(),
    vapi_call_id text,
    twilio_call_sid text,
    direction text not null,
    status text not null,
    outcome text,
    route_reason text,
    from_number text,
    to_number text,
    customer_name text,
    assistant_id text,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    duration_seconds integer,
    cost_usd double precision,
    ended_reason text,
    ended_code text,
    summary text,
    has_transcript boolean not null default false,
    recording text,
    recovered boolean not null default false,
    told_owner boolean not null default false,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
  )`,
  `create index calls_by_time on calls (tenant_id, started_at desc, id desc)`,
  `create index calls_by_outcome on calls (tenant_id, outcome, started_at desc, id desc)`,
  `create index calls_by_status on calls (tenant_id, status, started_at desc, id desc)`,
  `create index calls_by_direction on calls (tenant_id, direction, started_at desc, id desc)`,
  `create index calls_by_assistant on calls (tenant_id, assistant_id, started_at desc, id desc)`,
  `create index calls_by_from on calls (tenant_id, from_number, started_at desc, id desc)`,
  `create index calls_by_to on calls (tenant_id, to_number, started_at desc, id desc)`,
  `create index calls_by_end on calls (tenant_id, ended_at)`,
  `create table call_links (
    ${OWNED},
    vendor text not null,
    vendor_id text not null,
    call_id uuid not null,
    primary key (tenant_id, vendor, vendor_id)
  )`,
  `create index call_links_by_call on call_links (tenant_id, call_id)`,
  `create table call_events (
    ${OWNED},
    call_id uuid not null,
    key text not null,
    at timestamptz not null,
    source text not null,
    name text not null,
    facts jsonb not null,
    correlation_id text,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, call_id, key)
  )`,
  `create table call_texts (
    ${OWNED},
    call_id uuid not null,
    transcript text,
    messages jsonb not null,
    analysis jsonb,
    search tsvector not null,
    primary key (tenant_id, call_id)
  )`,
  `create index call_texts_search on call_texts using gin (search)`,
  `create table call_days (
    ${OWNED},
    day date not null,
    calls integer not null default 0,
    inbound integer not null default 0,
    by_ai integer not null default 0,
    by_person integer not null default 0,
    voicemail integer not null default 0,
    sentence integer not null default 0,
    nobody integer not null default 0,
    failed integer not null default 0,
    seconds bigint not null default 0,
    cost_usd double precision not null default 0,
    primary key (tenant_id, day)
  )`,
  `create table call_policies (
    ${OWNED},
    retention_days integer,
    countries text[] not null default '{}',
    calls_per_user_per_day integer not null default 50,
    calls_per_tenant_per_day integer not null default 200,
    primary key (tenant_id)
  )`,
  `create table call_budgets (
    ${OWNED},
    day date not null,
    who text not null,
    used integer not null default 0,
    primary key (tenant_id, day, who)
  )`,
  `create table call_completeness (
    ${OWNED},
    day date not null,
    vendor text not null,
    vendor_calls integer not null,
    ledger_calls integer not null,
    recovered integer not null,
    missing integer not null,
    checked_at timestamptz not null,
    primary key (tenant_id, day, vendor)
  )`,
  `create table reconciliation_marks (
    ${OWNED},
    vendor text not null,
    until timestamptz not null,
    primary key (tenant_id, vendor)
  )`,
];
