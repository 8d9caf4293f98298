import { type Kysely, sql } from 'kysely';
import { grantGlobalTable, secureTenantTable } from '../tenant-table.ts';

/** Calendar connections and bookings; alerts, silences and who was told; verification runs and releases. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  for (const table of TENANT) await secureTenantTable(db, table);
  for (const table of GLOBAL) await grantGlobalTable(db, table);
}

const TENANT = ['calendar_connections', 'calendar_authorizations', 'calendar_bookings', 'verification_runs'];
const GLOBAL = ['alerts', 'alert_notifications', 'alert_silences', 'alert_samples', 'alerter_state', 'releases'];

const TABLES = [
  `create table calendar_connections (
    tenant_id uuid not null references tenants on delete cascade,
    provider text not null check (provider in ('google', 'microsoft')),
    state text not null check (state in ('connected', 'reconnect')),
    tokens bytea not null,
    scope text not null,
    expires_at timestamptz not null,
    connected_at timestamptz not null default now(),
    connected_by text not null,
    primary key (tenant_id, provider)
  )`,
  `create table calendar_authorizations (
    tenant_id uuid not null references tenants on delete cascade,
    state_hash bytea not null,
    browser_hash bytea not null,
    provider text not null,
    user_id uuid not null references users on delete cascade,
    user_name text not null,
    verifier bytea not null,
    expires_at timestamptz not null,
    primary key (tenant_id, state_hash)
  )`,
  `create table calendar_bookings (
    tenant_id uuid not null references tenants on delete cascade,
    provider text not null,
    key_hash bytea not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    state text not null check (state in ('reserved', 'booked')),
    event_id text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, provider, key_hash)
  )`,
  `create index calendar_bookings_by_time on calendar_bookings (tenant_id, provider, starts_at)`,
  `create table verification_runs (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants on delete cascade,
    kind text not null,
    target text not null,
    version text,
    commit text,
    outcome text not null check (outcome in ('passed', 'failed', 'incomplete')),
    passed integer not null,
    failed integer not null,
    skipped integer not null,
    checks jsonb not null,
    author text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    recorded_at timestamptz not null default now()
  )`,
  `create index verification_runs_by_time on verification_runs (tenant_id, recorded_at desc, id desc)`,
  `create table alerts (
    id uuid primary key default gen_random_uuid(),
    rule text not null,
    resource text not null,
    severity text not null,
    summary text not null,
    state text not null check (state in ('firing', 'acknowledged', 'resolved')),
    value double precision,
    started_at timestamptz not null,
    fired_at timestamptz not null,
    resolved_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text
  )`,
  `create unique index alerts_open on alerts (rule, resource) where state <> 'resolved'`,
  `create index alerts_by_time on alerts (fired_at desc, id desc)`,
  `create table alert_notifications (
    id uuid primary key default gen_random_uuid(),
    alert_id uuid references alerts on delete cascade,
    channel text not null,
    kind text not null,
    outcome text not null,
    problem text,
    attempts integer not null default 0,
    at timestamptz not null default now(),
    unique (alert_id, channel, kind)
  )`,
  `create index alert_notifications_by_channel on alert_notifications (channel, at desc)`,
  `create table alert_silences (
    id uuid primary key default gen_random_uuid(),
    rule text not null,
    resource text,
    reason text not null,
    author text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
  )`,
  `create table alert_samples (
    replica text primary key,
    at timestamptz not null,
    figures jsonb not null
  )`,
  `create table alerter_state (
    id integer primary key default 1 check (id = 1),
    evaluated_at timestamptz,
    tested_at timestamptz,
    state jsonb not null default '{}'
  )`,
  `insert into alerter_state (id) values (1)`,
  `create table releases (
    id uuid primary key default gen_random_uuid(),
    version text not null,
    commit text,
    previous_version text,
    target text not null,
    state text not null check (state in ('running', 'succeeded', 'rolled_back', 'failed')),
    reason text,
    verification_id uuid,
    author text not null,
    started_at timestamptz not null,
    finished_at timestamptz
  )`,
  `create index releases_by_time on releases (started_at desc, id desc)`,
];
