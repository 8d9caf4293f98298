/** Vapi's words about a call as facts. */
import type { VapiCall } from '../../providers/vapi/shapes.ts';
import { type KeptMessage, reportFields } from '../../providers/vapi/webhook.ts';
import type { CallFact, CallText, Facts } from './fact.ts';

export type KeptVapi = {
  name: string;
  at: Date;
  dedupeKey: string;
  vapiCallId: string | null;
  twilioCallSid: string | null;
  kept: KeptMessage;
};

/** The fact that a stored message tells; undefined for one that is about no call. */
export function factOfVapi(message: KeptVapi, correlationId: string | null): CallFact | undefined {
  if (message.vapiCallId === null) return undefined;
  const { name, at, kept } = message;
  const isReport = name === 'end-of-call-report';
  const isOver = isReport || name === 'status-update:ended';
  const facts: Facts = {
    ...whoOf(kept),
    vapiCallId: message.vapiCallId,
    twilioCallSid: message.twilioCallSid ?? undefined,
    status: STATUSES[name],
    startedAt: kept.createdAt,
    answeredAt: kept.startedAt ?? (name === 'status-update:in-progress' ? at.toISOString() : undefined),
    ...(isOver && endOf(kept, isReport)),
    ...(wasHeard(name, kept) && { reached: 'ai' as const }),
    details: detailsOf(kept),
  };
  return {
    key: message.dedupeKey,
    at,
    source: 'vapi',
    name,
    correlationId,
    facts,
    text: isReport ? textOf(kept) : undefined,
  };
}

/** What reconciliation found in Vapi's list: as much as a report would have said. */
export function factOfListedVapi(call: VapiCall, { isRecovered }: { isRecovered: boolean }): CallFact {
  const kept = { ...reportFields({ ...call, artifact: call.artifact ?? {}, analysis: call.analysis ?? {} }) };
  const isOver = call.status === 'ended';
  const at = new Date((isOver ? call.endedAt : undefined) ?? call.startedAt ?? call.createdAt);
  const known: KeptMessage = {
    ...kept,
    ...present({
      callType: call.type,
      assistantId: call.assistantId,
      endedReason: call.endedReason,
      startedAt: call.startedAt,
      endedAt: call.endedAt,
      customerNumber: call.customer?.['number'],
      customerName: call.customer?.['name'],
    }),
  };
  const transport = call.transport?.['callSid'] ?? call.phoneCallProviderId;
  const facts: Facts = {
    ...whoOf(known),
    vapiCallId: call.id,
    twilioCallSid: typeof transport === 'string' && transport.startsWith('CA') ? transport : undefined,
    startedAt: call.createdAt,
    answeredAt: call.startedAt ?? undefined,
    ...(isOver && endOf(known, true)),
    ...(known.startedAt !== undefined && { reached: 'ai' as const }),
    isRecovered: isRecovered || undefined,
  };
  const name = isRecovered ? 'recovered' : 'reconciled';
  const key = `vapi:list:${call.id}:${call.status ?? ''}`;
  return { key, at, source: 'vapi', name, correlationId: null, facts, text: isOver ? textOf(known) : undefined };
}

const STATUSES: Record<string, Facts['status']> = {
  'status-update:scheduled': 'queued',
  'status-update:queued': 'queued',
  'status-update:ringing': 'ringing',
  'status-update:in-progress': 'in_progress',
  'status-update:forwarding': 'forwarding',
};

function whoOf(kept: KeptMessage): Facts {
  const direction = directionOf(kept.callType);
  const isOut = direction === 'outbound';
  return {
    direction,
    from: isOut ? kept.calledNumber : kept.customerNumber,
    to: isOut ? kept.customerNumber : kept.calledNumber,
    customerName: kept.customerName,
    assistantId: kept.assistantId,
  };
}

function directionOf(type: string | undefined): Facts['direction'] {
  if (type === undefined) return undefined;
  return type === 'outboundPhoneCall' ? 'outbound' : 'inbound';
}

function endOf(kept: KeptMessage, isReport: boolean): Facts {
  return {
    isOver: true,
    isReport: isReport || undefined,
    endedReason: kept.endedReason,
    endedAt: kept.endedAt,
    costUsd: kept.cost,
    summary: kept.summary,
    durationSeconds: kept.durationSeconds ?? secondsBetween(kept.startedAt, kept.endedAt),
    recording: kept.hasRecording === true ? 'vapi' : undefined,
  };
}

// A report alone proves no talk: calls that were refused have one too.
function wasHeard(name: string, kept: KeptMessage): boolean {
  if (name === 'status-update:in-progress' || name.startsWith('transcript')) return true;
  return name === 'end-of-call-report' && (kept.messages?.length ?? 0) > 0;
}

function textOf(kept: KeptMessage): CallText | undefined {
  const { transcript = null, messages = [], success = null, structuredData = null } = kept;
  if (transcript === null && messages.length === 0 && success === null && structuredData === null) return undefined;
  return { transcript, messages, success, structuredData };
}

function detailsOf({ endedReason, tools, destination }: KeptMessage): Record<string, unknown> | undefined {
  const details = present({ ended_reason: endedReason, tools, destination });
  return Object.keys(details).length > 0 ? details : undefined;
}

function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

function present(fields: Record<string, unknown>): Record<string, never> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known) as Record<string, never>;
}
