import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction, createDirectoryRole, openToDirectory } from '../directory.ts';
import { grantGlobalTable, secureTenantTable } from '../tenant-table.ts';

/** Tenants and people, credentials, audit, idempotency, the effect ledger, assistants and their setting versions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createDirectoryRole(db);
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  for (const table of GLOBAL) await grantGlobalTable(db, table);
  for (const table of TENANT) await secureTenantTable(db, table);

  await openToDirectory(db, 'members');
  await openToDirectory(db, 'webhook_secrets');
  await openToDirectory(db, 'assistants');
  await createDirectoryFunction(db, {
    name: 'memberships_of',
    parameters: 'person uuid',
    returns: 'table (tenant_id uuid, role text)',
    body: 'select m.tenant_id, m.role from members m where m.user_id = person order by m.created_at, m.tenant_id',
  });
  await createDirectoryFunction(db, {
    name: 'tenant_of_webhook_secret',
    parameters: 'wanted bytea, vendor_name text',
    returns: 'table (tenant_id uuid, expires_at timestamptz)',
    body: 'select s.tenant_id, s.expires_at from webhook_secrets s where s.fingerprint = wanted and s.vendor = vendor_name',
  });
  await createDirectoryFunction(db, {
    name: 'tenant_of_assistant',
    parameters: 'wanted uuid',
    returns: 'uuid',
    body: 'select a.tenant_id from assistants a where a.vapi_assistant_id = wanted and a.deleted_at is null',
  });
}

const GLOBAL = ['tenants', 'users'];
const TENANT = [
  'members',
  'vendor_credentials',
  'webhook_secrets',
  'audit_entries',
  'idempotency_keys',
  'effects',
  'assistants',
  'setting_versions',
];

const TABLES = [
  `create table tenants (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    synthetic boolean not null default false,
    uses_environment boolean not null default false,
    created_at timestamptz not null default now()
  )`,
  `create table users (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    password_hash text not null,
    operator boolean not null default false,
    created_at timestamptz not null default now()
  )`,
  `create unique index users_email on users (lower(email))`,
  `create table members (
    tenant_id uuid not null references tenants on delete cascade,
    user_id uuid not null references users on delete cascade,
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
  )`,
  `create index members_by_user on members (user_id)`,
  `create table vendor_credentials (
    tenant_id uuid not null references tenants on delete cascade,
    vendor text not null check (vendor in ('vapi', 'twilio')),
    account text,
    secret bytea not null,
    last4 text not null,
    updated_at timestamptz not null default now(),
    updated_by text not null,
    primary key (tenant_id, vendor)
  )`,
  `create table webhook_secrets (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants on delete cascade,
    vendor text not null,
    secret bytea not null,
    fingerprint bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    unique (vendor, fingerprint)
  )`,
  `create index webhook_secrets_by_tenant on webhook_secrets (tenant_id, vendor)`,
  `create table audit_entries (
    id bigint generated always as identity primary key,
    tenant_id uuid not null references tenants on delete cascade,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    correlation_id text not null,
    details jsonb,
    previous_hash bytea not null,
    hash bytea not null
  )`,
  `create index audit_entries_by_tenant on audit_entries (tenant_id, id desc)`,
  `create table idempotency_keys (
    tenant_id uuid not null references tenants on delete cascade,
    user_id uuid not null,
    key text not null,
    request_hash bytea not null,
    status integer,
    response jsonb,
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id, key)
  )`,
  `create index idempotency_keys_by_age on idempotency_keys (created_at)`,
  `create table effects (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants on delete cascade,
    key text not null,
    kind text not null,
    state text not null check (state in ('planned', 'started', 'done', 'refused', 'unknown')),
    outcome jsonb,
    attempts integer not null default 0,
    correlation_id text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, key)
  )`,
  `create table assistants (
    tenant_id uuid not null references tenants on delete cascade,
    vapi_assistant_id uuid not null,
    name text not null,
    is_default boolean not null default false,
    snapshot jsonb not null,
    snapshot_at timestamptz not null default now(),
    agreed jsonb not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (tenant_id, vapi_assistant_id)
  )`,
  `create unique index assistants_default on assistants (tenant_id) where is_default and deleted_at is null`,
  `create table setting_versions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants on delete cascade,
    vapi_assistant_id uuid not null,
    key text not null,
    version integer not null,
    action text not null,
    before jsonb,
    after jsonb,
    author text not null,
    reason text,
    correlation_id text not null,
    checked boolean not null,
    created_at timestamptz not null default now(),
    unique (tenant_id, vapi_assistant_id, key, version)
  )`,
  `create index setting_versions_by_time on setting_versions (tenant_id, vapi_assistant_id, created_at desc)`,
];
