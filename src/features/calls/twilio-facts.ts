/** Twilio's words about a call, and what AVA answered to them, as facts. */
import type { TwilioCall } from '../../providers/twilio/shapes.ts';
import { type CallFact, type Facts, plausible } from './fact.ts';

/** The fields of Twilio's webhooks that AVA keeps, under Twilio's own names, and what AVA decided in `ava`. */
export type KeptTwilio = Record<string, unknown> & { ava?: AvaDecision | undefined };

/** What AVA told Twilio to do. */
export type AvaDecision = {
  route: 'ai' | 'person' | 'voicemail' | 'sentence' | 'end';
  reason: string;
  vapiCallId?: string | undefined;
  assistantId?: string | undefined;
  tookMs: number;
  isRescue?: boolean | undefined;
  /** Somebody was reached before this step. */
  reached?: Facts['reached'];
};

export type StoredTwilio = { type: string; dedupeKey: string; receivedAt: Date; kept: KeptTwilio };

/** The fact that a stored webhook tells; undefined for one that is about no call. */
export function factOfTwilio(event: StoredTwilio, correlationId: string | null): CallFact | undefined {
  const { kept } = event;
  const isLeg = text(kept['ParentCallSid']) !== undefined;
  const twilioCallSid = text(kept['ParentCallSid']) ?? text(kept['CallSid']);
  if (twilioCallSid === undefined || event.type === 'sms') return undefined;
  const at = plausible(timeOf(kept['Timestamp']), event.receivedAt);
  const base = { key: event.dedupeKey, at, source: 'twilio' as const, correlationId };
  if (isLeg) return { ...base, name: `leg:${event.type}`, facts: { twilioCallSid, details: detailsOf(kept) } };
  const facts: Facts = {
    twilioCallSid,
    ...whoOf(kept),
    ...stateOf(event, at),
    ...decisionOf(kept.ava),
    details: detailsOf(kept),
  };
  return { ...base, name: event.type, facts };
}

/** What reconciliation found in Twilio's list. */
export function factOfListedTwilio(call: TwilioCall, { isRecovered }: { isRecovered: boolean }): CallFact {
  const isOver = FINAL.has(call.status ?? '');
  const startedAt = timeOf(call.start_time) ?? timeOf(call.date_created) ?? new Date(0);
  const endedAt = timeOf(call.end_time) ?? startedAt;
  return {
    key: `twilio:list:${call.sid}:${call.status ?? ''}`,
    at: isOver ? endedAt : startedAt,
    source: 'twilio',
    name: isRecovered ? 'recovered' : 'reconciled',
    correlationId: null,
    facts: {
      twilioCallSid: call.sid,
      direction: call.direction === 'inbound' ? 'inbound' : 'outbound',
      from: call.from ?? undefined,
      to: call.to ?? undefined,
      startedAt: startedAt.toISOString(),
      ...(isOver && { isOver: true, endedAt: endedAt.toISOString(), durationSeconds: Number(call.duration ?? 0) }),
      isRecovered: isRecovered || undefined,
    },
  };
}

const FINAL = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);
const STATUSES: Record<string, Facts['status']> = {
  queued: 'queued',
  initiated: 'queued',
  ringing: 'ringing',
  'in-progress': 'in_progress',
};

function whoOf(kept: KeptTwilio): Facts {
  const direction = text(kept['Direction']);
  return {
    direction: direction === undefined ? undefined : direction === 'inbound' ? 'inbound' : 'outbound',
    from: text(kept['From']),
    to: text(kept['To']),
  };
}

function stateOf({ type, kept }: StoredTwilio, at: Date): Facts {
  if (type === 'recording') return recordingOf(kept);
  const status = text(kept['CallStatus']) ?? '';
  // Only a status callback, and a Twilio that comes back after the end, say that the line is over.
  if (FINAL.has(status)) {
    const seconds = Number(kept['CallDuration']);
    return {
      isOver: true,
      endedAt: at.toISOString(),
      durationSeconds: Number.isFinite(seconds) ? seconds : undefined,
      ...(status !== 'completed' && { endedReason: `twilio-${status}` }),
    };
  }
  return { status: STATUSES[status], ...(status === 'in-progress' && { answeredAt: at.toISOString() }) };
}

function recordingOf(kept: KeptTwilio): Facts {
  const sid = text(kept['RecordingSid']);
  if (sid === undefined || text(kept['RecordingStatus']) === 'absent' || Number(kept['RecordingDuration'] ?? 1) <= 0)
    return {};
  return { reached: 'voicemail', recording: sid };
}

function decisionOf(decision: AvaDecision | undefined): Facts {
  if (decision === undefined) return {};
  return {
    routeReason: decision.route === 'end' ? undefined : decision.reason,
    vapiCallId: decision.vapiCallId,
    assistantId: decision.assistantId,
    isRescue: decision.isRescue,
    isMessageAsked: decision.route === 'voicemail' || undefined,
    reached: decision.reached ?? (decision.route === 'sentence' ? 'sentence' : undefined),
  };
}

const SHOWN = [
  'CallStatus',
  'DialCallStatus',
  'DialCallDuration',
  'ErrorCode',
  'RecordingDuration',
  'ForwardedFrom',
  'SequenceNumber',
];

function detailsOf(kept: KeptTwilio): Record<string, unknown> {
  const shown = SHOWN.filter((name) => kept[name] !== undefined).map((name) => [name, kept[name]]);
  return { ...Object.fromEntries(shown), ...(kept.ava && { ava: kept.ava }) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function timeOf(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
