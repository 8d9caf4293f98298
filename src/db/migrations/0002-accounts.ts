import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction, openToDirectory } from '../directory.ts';
import { grantGlobalTable, SERVING_ROLE, secureTenantTable } from '../tenant-table.ts';

/** Sessions, limits of sign-in, AVA's own sealed keys, and an audit trail that can only be appended to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  for (const table of ['sessions', 'sign_in_limits', 'installation_keys']) await grantGlobalTable(db, table);
  await secureTenantTable(db, 'audit_heads');
  await sql`revoke update, delete on audit_entries from ${sql.id(SERVING_ROLE)}`.execute(db);
  await sql`revoke delete on audit_heads from ${sql.id(SERVING_ROLE)}`.execute(db);

  await openToDirectory(db, 'vendor_credentials');
  await createDirectoryFunction(db, {
    name: 'sealed_by',
    parameters: '',
    returns: 'table (key_prefix bytea, rows bigint, tenant_id uuid)',
    body: `select substring(s.secret from 1 for 5), count(*), (array_agg(s.tenant_id))[1]
      from (select c.secret, c.tenant_id from vendor_credentials c
            union all select w.secret, w.tenant_id from webhook_secrets w) s group by 1`,
  });
  await createDirectoryFunction(db, {
    name: 'tenants_sealed_by',
    parameters: 'wanted bytea, most integer',
    returns: 'setof uuid',
    body: `select c.tenant_id from vendor_credentials c where substring(c.secret from 1 for 5) = wanted
      union select w.tenant_id from webhook_secrets w where substring(w.secret from 1 for 5) = wanted limit most`,
  });
}

const STATEMENTS = [
  // A person's, not a tenant's: one sign-in serves every tenant that the person is a member of.
  `create table sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users on delete cascade,
    chosen_tenant uuid references tenants on delete set null,
    seed bytea,
    generation integer not null default 1,
    rotated_at timestamptz not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_because text,
    address_hash bytea
  )`,
  `create index sessions_by_user on sessions (user_id, created_at desc)`,
  `create index sessions_by_end on sessions (expires_at)`,
  `create table sign_in_limits (
    key bytea primary key,
    failures integer not null,
    blocked_until timestamptz,
    updated_at timestamptz not null
  )`,
  `create index sign_in_limits_by_age on sign_in_limits (updated_at)`,
  `create table installation_keys (
    purpose text primary key,
    secret bytea not null,
    created_at timestamptz not null default now()
  )`,
  // The row that writers of one tenant's trail queue at; it also tells how long the trail must be.
  `create table audit_heads (
    tenant_id uuid primary key references tenants on delete cascade,
    sequence bigint not null,
    hash bytea not null
  )`,
  `alter table audit_entries add column sequence bigint not null`,
  `alter table audit_entries add constraint audit_entries_in_order unique (tenant_id, sequence)`,
  `create index vendor_credentials_by_key on vendor_credentials (substring(secret from 1 for 5))`,
  `create index webhook_secrets_by_key on webhook_secrets (substring(secret from 1 for 5))`,
  `create index members_in_order on members (tenant_id, created_at, user_id)`,
];
