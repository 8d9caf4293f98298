/** LIST, third part: calendars, alerts, verification runs and releases. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
type Json = JSONColumnType<object, string | undefined, string>;
type NullableJson = ColumnType<object | null, string | null | undefined, string | null>;

export type OperationTables = {
  calendar_connections: CalendarConnectionsTable;
  calendar_authorizations: CalendarAuthorizationsTable;
  calendar_bookings: CalendarBookingsTable;
  verification_runs: VerificationRunsTable;
  alerts: AlertsTable;
  alert_notifications: AlertNotificationsTable;
  alert_silences: AlertSilencesTable;
  alert_samples: AlertSamplesTable;
  replicas: ReplicasTable;
  alerter_state: AlerterStateTable;
  releases: ReleasesTable;
  circuit_changes: CircuitChangesTable;
};

/** A circuit opened, closed or was steered by hand; a credential's circuit is named `<upstream>/<tenant>`. */
export type CircuitChangesTable = {
  id: Generated<string>;
  at: ColumnType<Date, Date, Date>;
  circuit: string;
  upstream: string;
  scope: string;
  change: string;
  reason: string;
};

/** A calendar that a tenant has connected; `tokens` is sealed. */
export type CalendarConnectionsTable = {
  tenant_id: string;
  provider: string;
  state: string;
  tokens: Buffer;
  scope: string;
  /** When the access token ends. */
  expires_at: Moment;
  connected_at: Moment;
  connected_by: string;
};

/** A consent that was asked for and has not come back yet; `verifier` is sealed. */
export type CalendarAuthorizationsTable = {
  tenant_id: string;
  state_hash: Buffer;
  browser_hash: Buffer;
  provider: string;
  user_id: string;
  user_name: string;
  verifier: Buffer;
  expires_at: Moment;
};

/** A slot that is being booked or is booked, so that nobody else gets it. */
export type CalendarBookingsTable = {
  tenant_id: string;
  provider: string;
  key_hash: Buffer;
  starts_at: Moment;
  ends_at: Moment;
  state: string;
  event_id: string | null;
  created_at: Moment;
};

export type VerificationRunsTable = {
  id: Generated<string>;
  tenant_id: string;
  kind: string;
  target: string;
  version: string | null;
  commit: string | null;
  outcome: string;
  passed: number;
  failed: number;
  skipped: number;
  checks: Json;
  author: string;
  started_at: Moment;
  finished_at: Moment;
  recorded_at: Moment;
};

/** One outbreak of one rule on one resource; at most one of each is open. */
export type AlertsTable = {
  id: Generated<string>;
  rule: string;
  resource: string;
  severity: string;
  summary: string;
  state: string;
  value: number | null;
  started_at: Moment;
  fired_at: Moment;
  resolved_at: Moment | null;
  acknowledged_at: Moment | null;
  acknowledged_by: string | null;
};

/** Who was told what, once per alert, channel and kind. `alert_id` is null for tests. */
export type AlertNotificationsTable = {
  id: Generated<string>;
  alert_id: string | null;
  channel: string;
  kind: string;
  outcome: string;
  problem: string | null;
  attempts: Generated<number>;
  at: Moment;
};

export type AlertSilencesTable = {
  id: Generated<string>;
  rule: string;
  resource: string | null;
  reason: string;
  author: string;
  created_at: Moment;
  expires_at: Moment;
};

/** The figures of one replica, for whichever replica evaluates the rules. */
export type AlertSamplesTable = { replica: string; at: Moment; figures: Json };

/** One row: what the leading evaluator remembers from one round to the next. */
export type AlerterStateTable = { id: number; evaluated_at: Moment | null; tested_at: Moment | null; state: Json };

export type ReleasesTable = {
  id: Generated<string>;
  version: string;
  commit: string | null;
  previous_version: string | null;
  target: string;
  state: string;
  reason: string | null;
  verification_id: string | null;
  author: string;
  started_at: Moment;
  finished_at: Moment | null;
  kind: Generated<string>;
  phase: string | null;
  plan: NullableJson;
  progress: NullableJson;
  /** Who carries it out; a held release is the only one that runs. */
  holder: string | null;
  updated_at: ColumnType<Date | null, Date | undefined, Date>;
  running_lock: boolean | null;
};

/** Replicas that run, by their last beat; `knows` are the migrations of their version. */
export type ReplicasTable = {
  id: string;
  version: string;
  commit: string;
  knows: string[];
  started_at: Moment;
  seen_at: Moment;
};
