/** LIST: every table of AVA as the code sees it. Migrations make them; a table with `tenant_id` stands under row-level security. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
type Json = JSONColumnType<object | null, string, string>;
// Written as JSON text, read back parsed; any JSON value, also a bare string or null.
type JsonValue = ColumnType<unknown, string | null, string | null>;

/** A business; everything but users belongs to exactly one. */
export type TenantsTable = {
  id: Generated<string>;
  name: string;
  /** Made by verification; left out of alerts and targets. */
  synthetic: Generated<boolean>;
  /** Whether this tenant works with the vendor credentials of the environment. */
  uses_environment: Generated<boolean>;
  created_at: Moment;
};

/** A person; belongs to tenants through members. */
export type UsersTable = {
  id: Generated<string>;
  email: string;
  password_hash: string;
  operator: Generated<boolean>;
  created_at: Moment;
};

export type MembersTable = { tenant_id: string; user_id: string; role: string; created_at: Moment };

/** Vendor credentials of a tenant; `secret` is sealed (features/credentials/vault). */
export type VendorCredentialsTable = {
  tenant_id: string;
  vendor: string;
  account: string | null;
  secret: Buffer;
  last4: string;
  updated_at: Moment;
  updated_by: string;
};

/** Secrets that vendors sign or prove their webhooks with; several at a time during rotation. */
export type WebhookSecretsTable = {
  id: Generated<string>;
  tenant_id: string;
  vendor: string;
  secret: Buffer;
  /** SHA-256 of the secret, so that a token finds its tenant without opening every row. */
  fingerprint: Buffer;
  created_at: Moment;
  expires_at: Moment | null;
};

/** Who changed what; a hash chain per tenant. */
export type AuditEntriesTable = {
  id: Generated<number>;
  tenant_id: string;
  at: Moment;
  actor: string;
  action: string;
  subject: string;
  correlation_id: string;
  details: Json;
  previous_hash: Buffer;
  hash: Buffer;
};

export type IdempotencyKeysTable = {
  tenant_id: string;
  user_id: string;
  key: string;
  request_hash: Buffer;
  status: number | null;
  response: JsonValue;
  created_at: Moment;
};

/** Every outward action by its unique key, so that it happens once. */
export type EffectsTable = {
  id: Generated<string>;
  tenant_id: string;
  key: string;
  kind: string;
  state: string;
  outcome: JsonValue;
  attempts: Generated<number>;
  correlation_id: string;
  created_at: Moment;
  updated_at: Moment;
};

/** An assistant at Vapi as AVA last knew it. */
export type AssistantsTable = {
  tenant_id: string;
  vapi_assistant_id: string;
  name: string;
  is_default: Generated<boolean>;
  /** The assistant as Vapi last returned it. */
  snapshot: Json;
  snapshot_at: Moment;
  /** The settings that AVA last wrote or adopted: what drift is measured against. */
  agreed: Json;
  created_at: Moment;
  deleted_at: Moment | null;
};

/** Every change of a setting. */
export type SettingVersionsTable = {
  id: Generated<string>;
  tenant_id: string;
  vapi_assistant_id: string;
  key: string;
  version: number;
  action: string;
  before: JsonValue;
  after: JsonValue;
  author: string;
  reason: string | null;
  correlation_id: string;
  /** Whether the change was made with If-Match. */
  checked: boolean;
  created_at: Moment;
};

export type Schema = {
  tenants: TenantsTable;
  users: UsersTable;
  members: MembersTable;
  vendor_credentials: VendorCredentialsTable;
  webhook_secrets: WebhookSecretsTable;
  audit_entries: AuditEntriesTable;
  idempotency_keys: IdempotencyKeysTable;
  effects: EffectsTable;
  assistants: AssistantsTable;
  setting_versions: SettingVersionsTable;
};
