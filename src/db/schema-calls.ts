/** LIST, second half: numbers, the webhook ledger and calls. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
type Json = JSONColumnType<object | null, string | null, string | null>;
type JsonValue = ColumnType<unknown, string | null, string | null>;

export type CallTables = {
  phone_numbers: PhoneNumbersTable;
  webhook_events: WebhookEventsTable;
  webhook_due: WebhookDueTable;
  webhook_keys: WebhookKeysTable;
  webhook_quarantine: WebhookQuarantineTable;
  calls: CallsTable;
  call_links: CallLinksTable;
  call_events: CallEventsTable;
  call_texts: CallTextsTable;
  call_reads: CallReadsTable;
  call_days: CallDaysTable;
  call_policies: CallPoliciesTable;
  call_budgets: CallBudgetsTable;
  call_completeness: CallCompletenessTable;
  reconciliation_marks: ReconciliationMarksTable;
};

/** A Twilio number and who answers it: `plan` holds the fallback plan, language and hours (features/phone-numbers/routing). */
export type PhoneNumbersTable = {
  tenant_id: string;
  sid: string;
  account_sid: string | null;
  phone_number: string;
  friendly_name: string | null;
  vapi_phone_number_id: string | null;
  assistant_id: string | null;
  /** Null while nobody has chosen. */
  mode: string | null;
  plan: Json;
  /** The number as Twilio last returned it. */
  twilio_snapshot: Json;
  snapshot_at: Moment | null;
  /** The URLs that Twilio had before AVA set its own. */
  original_urls: Json;
  /** In flip mode while turned to the fallback: the URLs to put back, byte for byte. */
  flipped_urls: Json;
  /** From a sequence; grows with every change, so that replicas load only what is new. */
  routing_version: Generated<number>;
  created_at: Moment;
  updated_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  updated_by: string | null;
};

/** The ledger of vendors' messages, by month: stored before the vendor hears "ok", applied once. */
export type WebhookEventsTable = {
  tenant_id: string;
  id: Generated<string>;
  vendor: string;
  type: string;
  dedupe_key: string;
  state: Generated<string>;
  /** The fields of the message that AVA keeps. */
  kept: JsonValue;
  vapi_call_id: string | null;
  twilio_call_sid: string | null;
  correlation_id: string;
  received_at: Moment;
  due_at: Moment;
  processed_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  attempts: Generated<number>;
  repeats: Generated<number>;
  problem: string | null;
};

/** What of the ledger is not processed; a dead message is due at infinity. A trigger keeps it so. */
export type WebhookDueTable = { tenant_id: string; due_at: Moment; event_id: string };

/** What a repeat is known by: 16 bytes of the hash of `dedupe_key`. A unique key over months would have to hold the month. */
export type WebhookKeysTable = { tenant_id: string; key: string; event_id: string };

/** Messages of which nobody knows the tenant; only operators see them. */
export type WebhookQuarantineTable = {
  id: Generated<string>;
  vendor: string;
  type: string;
  dedupe_key: string;
  reason: string;
  kept: JsonValue;
  correlation_id: string;
  received_at: Moment;
  repeats: Generated<number>;
};

/**
 * One call on the phone: what its events come to. By month: it began in the month that its id names or in the one before
 * (`features/calls/walk.ts`); a random id names none.
 */
export type CallsTable = {
  tenant_id: string;
  id: Generated<string>;
  vapi_call_id: string | null;
  twilio_call_sid: string | null;
  direction: string;
  status: string;
  outcome: string | null;
  route_reason: string | null;
  from_number: string | null;
  to_number: string | null;
  customer_name: string | null;
  assistant_id: string | null;
  started_at: ColumnType<Date, Date | string, Date | string>;
  answered_at: Date | null;
  ended_at: Date | null;
  duration_seconds: number | null;
  cost_usd: number | null;
  ended_reason: string | null;
  ended_code: string | null;
  summary: string | null;
  has_transcript: Generated<boolean>;
  /** `vapi`, or the SID of Twilio's recording. */
  recording: string | null;
  recovered: Generated<boolean>;
  /** Whether the mail after the call has been put on its way. */
  told_owner: Generated<boolean>;
  updated_at: Moment;
};

/** Which vendor's id means which call. */
export type CallLinksTable = { tenant_id: string; vendor: string; vendor_id: string; call_id: string };

/** What became known of a call, in any order; `key` makes a repeat a no-op. */
export type CallEventsTable = {
  tenant_id: string;
  call_id: string;
  key: string;
  at: ColumnType<Date, Date | string, Date | string>;
  source: string;
  name: string;
  facts: JsonValue;
  correlation_id: string | null;
  recorded_at: Moment;
};

/** What was said; apart from calls, so that lists stay small. */
export type CallTextsTable = {
  tenant_id: string;
  call_id: string;
  transcript: string | null;
  messages: JsonValue;
  analysis: JsonValue;
  search: ColumnType<string, unknown, unknown>;
};

/** Which calls each person has read. */
export type CallReadsTable = { tenant_id: string; user_id: string; call_id: string; read_at: Moment };

/** Sums of a tenant's calls a day (UTC), kept in the transactions that change calls. */
export type CallDaysTable = {
  tenant_id: string;
  day: ColumnType<string, string, string>;
  calls: number;
  inbound: number;
  by_ai: number;
  by_person: number;
  voicemail: number;
  sentence: number;
  nobody: number;
  failed: number;
  seconds: number;
  cost_usd: number;
};

/** How long calls are kept, where a tenant may call, how often, and who is texted afterwards. */
export type CallPoliciesTable = {
  tenant_id: string;
  retention_days: number | null;
  countries: Generated<string[]>;
  calls_per_user_per_day: Generated<number>;
  calls_per_tenant_per_day: Generated<number>;
  texts_when: Generated<string>;
  texts_to: Generated<string[]>;
  texts_per_day: Generated<number>;
};

export type CallBudgetsTable = { tenant_id: string; day: string; who: string; used: Generated<number> };

/** What a vendor's list said about a day, beside what the ledger had. */
export type CallCompletenessTable = {
  tenant_id: string;
  day: ColumnType<string, string, string>;
  vendor: string;
  vendor_calls: number;
  ledger_calls: number;
  recovered: number;
  missing: number;
  checked_at: ColumnType<Date, Date, Date>;
};

/** Up to when a vendor's list has been compared with the ledger. */
export type ReconciliationMarksTable = {
  tenant_id: string;
  vendor: string;
  until: ColumnType<Date, Date, Date>;
};
