/** What other rooms keep, as sentences. Nobody's number, address or words are in them. */
import type { AlertFacts } from '../alerts/story.ts';
import type { VersionFacts } from '../assistants/story.ts';
import type { AuditFacts } from '../audit/story.ts';
import type { TimelineEntry } from '../calls/contract.ts';
import type { EffectFacts } from '../effects/story.ts';
import type { MessageFacts, QuarantinedFacts } from '../webhook-inbox/story.ts';
import { discreet } from './discreet.ts';
import type { StoryCall, StoryEntry, StoryIds } from './contract.ts';

/** An entry with the place that it keeps among others of the same moment. */
export type Telling = Omit<StoryEntry, 'at'> & { at: Date; key: string };

export function ofCall(call: StoryCall, entries: readonly TimelineEntry[]): Telling[] {
  return entries.map(({ at, kind, name, text, correlation_id: correlationId, details }, index) => ({
    at: new Date(at),
    key: keyOf(details) ?? `a ${call.id} ${String(index).padStart(6, '0')}`,
    ...{ kind, name, text: discreet(text) },
    ids: present({
      correlation_id: correlationId,
      call_id: call.id,
      vapi_call_id: call.vapi_call_id,
      twilio_call_sid: call.twilio_call_sid,
      effect_id: idIn(details, 'effect_id'),
      version_id: idIn(details, 'version_id'),
    }),
  }));
}

/** What its own room tells too is told once. */
function keyOf(details: TimelineEntry['details']): string | undefined {
  const [effectId, versionId] = [idIn(details, 'effect_id'), idIn(details, 'version_id')];
  return effectId === undefined ? versionId && `d ${versionId}` : `c ${effectId}`;
}

function idIn(details: TimelineEntry['details'], name: string): string | undefined {
  const id = details[name];
  return typeof id === 'string' ? id : undefined;
}

const VENDORS: Record<string, string> = { vapi: 'Vapi', twilio: 'Twilio' };

/** Why a message could not be processed is for operators: it may quote the message. */
export function ofMessage(row: MessageFacts, isOperator: boolean): Telling {
  const repeats = row.repeats > 0 ? ` It was sent ${row.repeats + 1} times.` : '';
  const problem = isOperator && row.problem !== null ? ` The last attempt failed: ${discreet(row.problem)}.` : '';
  return {
    at: row.received_at,
    key: `b ${row.id}`,
    kind: 'message',
    name: `${row.type}:${row.state}`,
    text: `AVA stored ${VENDORS[row.vendor] ?? row.vendor}'s message ${row.type} ${fateOf(row)}.${repeats}${problem}`,
    ids: present({
      correlation_id: row.correlation_id,
      webhook_id: row.id,
      vapi_call_id: row.vapi_call_id,
      twilio_call_sid: row.twilio_call_sid,
    }),
  };
}

function fateOf({ state, processed_at: processedAt, received_at: receivedAt, attempts }: MessageFacts): string {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  if (state === 'dead') return `and gave it up after ${tries}`;
  if (state !== 'processed' || processedAt === null) return `and it waits to be processed (${tries} so far)`;
  const ms = processedAt.getTime() - receivedAt.getTime();
  return `and processed it ${ms < 1000 ? 'within a second' : `${Math.round(ms / 1000)} s later`}${attempts > 1 ? `, at attempt ${attempts}` : ''}`;
}

export function ofQuarantined({ id, vendor, type, at, correlationId, reason }: QuarantinedFacts): Telling {
  return {
    at,
    key: `b ${id}`,
    kind: 'message',
    name: `${type}:quarantined`,
    text: `${VENDORS[vendor] ?? vendor}'s message ${type} is in quarantine: ${discreet(reason)}.`,
    ids: present({ correlation_id: correlationId, webhook_id: id }),
  };
}

const EFFECTS: Record<string, string> = {
  email: 'An e-mail',
  ring: 'The answer to a ringing call',
  'call.told': 'The mail about the call',
  'call.place': 'The order to place a call',
  'assistant.tool': 'What the assistant asked a tool for',
  sms: 'A text message',
};

const STATES: Record<EffectFacts['state'], string> = {
  planned: 'waits to leave',
  started: 'is on its way',
  done: 'left, once',
  refused: 'was refused, and had no effect',
  given_up: 'was given up: every attempt failed',
  unknown: 'may have left: no answer came, so it is not repeated blindly',
};

/** At the moment in which it came to stand as it stands. */
export function ofEffect(row: EffectFacts): Telling {
  const [, callId] = /^(?:call\.told|email:call|sms:call):([0-9a-f-]{36})/.exec(row.key) ?? [];
  const [, callSid] = /^ring:(CA\w+)$/.exec(row.key) ?? [];
  return {
    at: row.updated_at,
    key: `c ${row.id}`,
    kind: 'effect',
    name: `${row.kind}:${row.state}`,
    text: `${EFFECTS[row.kind] ?? `The action ${row.kind}`} ${STATES[row.state] ?? row.state}.`,
    ids: present({
      correlation_id: row.correlation_id,
      effect_id: row.id,
      effect_key: discreet(row.key),
      call_id: callId,
      twilio_call_sid: callSid,
    }),
  };
}

export function ofVersion({ id, at, key, version, action, author, correlationId }: VersionFacts): Telling {
  return {
    at,
    key: `d ${id}`,
    kind: 'setting',
    name: `setting:${action}`,
    text: `${author}: setting ${key} became version ${version} (${action}).`,
    ids: { correlation_id: correlationId, version_id: id },
  };
}

export function ofChange({ at, sequence, actor, action, subject, correlationId }: AuditFacts): Telling {
  return {
    at,
    key: `e ${String(sequence).padStart(12, '0')}`,
    kind: 'audit',
    name: action,
    text: `${actor}: ${action} (${discreet(subject)}).`,
    ids: { correlation_id: correlationId, audit_id: String(sequence) },
  };
}

export function ofAlert({ id, rule, resource, summary, firedAt, resolvedAt }: AlertFacts): Telling[] {
  const told = (at: Date, state: 'fired' | 'resolved', text: string): Telling => ({
    at,
    key: `f ${id} ${state}`,
    kind: 'alert',
    name: `${rule}:${state}`,
    text,
    ids: { alert_id: id },
  });
  const about = `${discreet(summary)} (${resource})`;
  return [
    told(firedAt, 'fired', `Alert: ${about}.`),
    ...(resolvedAt === null ? [] : [told(resolvedAt, 'resolved', `The alert is over: ${about}.`)]),
  ];
}

function present(ids: Record<string, string | null | undefined>): StoryIds {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== null && id !== undefined)) as StoryIds;
}
