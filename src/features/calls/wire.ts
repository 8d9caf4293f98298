/** Calls as they cross the wire. */
import type { TimeCursor } from '../../http/cursor.ts';
import type { CallRow } from './applied.ts';
import {
  type Call,
  type CallDetail,
  type CallOutcome,
  type CallStatus,
  ENDED_REASONS,
  type EndedReasonCode,
  type ListedCall,
} from './contract.ts';
import type { ListedRow, TextRow } from './store.ts';

export function toCall(row: CallRow): Call {
  const code = row.ended_code as EndedReasonCode | null;
  return {
    id: row.id,
    vapi_call_id: row.vapi_call_id,
    twilio_call_sid: row.twilio_call_sid,
    direction: row.direction as Call['direction'],
    status: row.status as CallStatus,
    outcome: row.outcome as CallOutcome | null,
    route_reason: row.route_reason,
    from: row.from_number,
    to: row.to_number,
    customer_name: row.customer_name,
    assistant_id: row.assistant_id,
    started_at: row.started_at.toISOString(),
    answered_at: row.answered_at?.toISOString() ?? null,
    ended_at: row.ended_at?.toISOString() ?? null,
    duration_seconds: row.duration_seconds,
    cost_usd: row.cost_usd,
    ended_reason: row.ended_reason,
    ended_reason_code: code,
    ended_reason_text: code === null ? null : ENDED_REASONS[code],
    summary: row.summary,
    has_transcript: row.has_transcript,
    has_recording: row.recording !== null,
    recovered: row.recovered,
    updated_at: row.updated_at.toISOString(),
  };
}

export function toListedCall(row: ListedRow): ListedCall {
  return { ...toCall(row), read: row.is_read === true };
}

/** Where the list goes on behind a call. */
export function placeOf(row: CallRow): TimeCursor {
  return { time: row.started_at, id: row.id };
}

type StoredMessage = { role: string; text: string; secondsFromStart: number | null };
type StoredAnalysis = { success?: string | null; structured_data?: unknown } | null;

export function toDetail(row: CallRow, text: TextRow | undefined): CallDetail {
  const analysis = (text?.analysis ?? null) as StoredAnalysis;
  return {
    ...toCall(row),
    transcript: text?.transcript ?? null,
    messages: ((text?.messages ?? []) as StoredMessage[]).map((message) => ({
      role: message.role,
      text: message.text,
      seconds_from_start: message.secondsFromStart,
    })),
    success: analysis?.success ?? null,
    structured_data: analysis?.structured_data ?? null,
    recording_url: row.recording === null ? null : `/api/v1/calls/${row.id}/recording`,
  };
}
