/** LIST: every table of AVA as the code sees it. Migrations make them; a table with `tenant_id` stands under row-level security. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { CallTables } from './schema-calls.ts';
import type { OperationTables } from './schema-operations.ts';

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
  /** Counts from 1 in each tenant. */
  sequence: number;
  previous_hash: Buffer;
  hash: Buffer;
};

/** End of each tenant's audit chain. */
export type AuditHeadsTable = { tenant_id: string; sequence: number; hash: Buffer };

/** A sign-in of a person, and the refresh token family that grows from it. */
export type SessionsTable = {
  id: Generated<string>;
  user_id: string;
  /** Tenant that a refresh without a wish answers for. */
  chosen_tenant: string | null;
  /** Refresh tokens are derived from it; null where the session cannot be refreshed. */
  seed: Buffer | null;
  generation: Generated<number>;
  rotated_at: Moment;
  created_at: Moment;
  expires_at: Moment;
  revoked_at: Moment | null;
  revoked_because: string | null;
  /** Keyed hash of the address it was started from. */
  address_hash: Buffer | null;
};

/** Failed sign-ins by keyed hash of account and address. */
export type SignInLimitsTable = { key: Buffer; failures: number; blocked_until: Moment | null; updated_at: Moment };

/** Keys that outlive the rotation of AVA_SECRET_KEY; sealed by it. */
export type InstallationKeysTable = { purpose: string; secret: Buffer; created_at: Moment };

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
  /** Since when AVA manages it; null for one that was only seen. */
  adopted_at: Moment | null;
  /** Grows with every change that AVA makes or records. */
  revision: Generated<number>;
  /** Invented in stub mode. */
  stub: Generated<boolean>;
  /** Whether its webhooks come to this AVA, as far as Vapi last told. */
  connected: Generated<boolean>;
  /** Sealed copy of the whole, made when it is deleted, so that it can be made again. */
  deleted_copy: Buffer | null;
};

/** The edit of an assistant that is under way: a lock that ends by itself, and what is about to be written to Vapi. */
export type AssistantEditsTable = {
  tenant_id: string;
  vapi_assistant_id: string;
  token: string;
  intent: Json;
  expires_at: Moment;
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

export type Schema = CallTables &
  OperationTables & {
    tenants: TenantsTable;
    users: UsersTable;
    members: MembersTable;
    vendor_credentials: VendorCredentialsTable;
    webhook_secrets: WebhookSecretsTable;
    audit_entries: AuditEntriesTable;
    audit_heads: AuditHeadsTable;
    sessions: SessionsTable;
    sign_in_limits: SignInLimitsTable;
    installation_keys: InstallationKeysTable;
    idempotency_keys: IdempotencyKeysTable;
    effects: EffectsTable;
    assistants: AssistantsTable;
    assistant_edits: AssistantEditsTable;
    setting_versions: SettingVersionsTable;
  };
