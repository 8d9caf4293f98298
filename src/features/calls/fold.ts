/**
 * What a call comes to, as a pure function of the set of facts that are known: in which order they came, and how often,
 * makes no difference, so a late message can never undo a final state.
 */
import type { CallOutcome, CallStatus, EndedReasonCode } from './contract.ts';
import { endedReasonCode, isFault } from './ended-reasons.ts';
import type { CallFact, Facts } from './fact.ts';

export type CallState = {
  vapiCallId: string | null;
  twilioCallSid: string | null;
  direction: 'inbound' | 'outbound';
  status: CallStatus;
  outcome: CallOutcome | null;
  routeReason: string | null;
  from: string | null;
  to: string | null;
  customerName: string | null;
  assistantId: string | null;
  startedAt: Date;
  answeredAt: Date | null;
  endedAt: Date | null;
  durationSeconds: number | null;
  costUsd: number | null;
  endedReason: string | null;
  endedCode: EndedReasonCode | null;
  summary: string | null;
  recording: string | null;
  isRecovered: boolean;
  /** Nothing more is expected that would change what people are told about it. */
  isComplete: boolean;
  /** The caller was asked for a message, and nobody has said yet that there is one. */
  mayBringMessage: boolean;
};

/** `given` holds at least one fact. */
export function foldCall(given: readonly CallFact[]): CallState {
  const facts = [...given].sort(byTimeThenKey);
  const end = endOf(facts);
  const outcome = outcomeOf(facts, end);
  const answeredAt = earliest(facts.map((fact) => fact.facts.answeredAt));
  return {
    vapiCallId: first(facts, 'vapiCallId') ?? null,
    twilioCallSid: first(facts, 'twilioCallSid') ?? null,
    direction: facts.some(({ facts: { direction } }) => direction === 'outbound') ? 'outbound' : 'inbound',
    status: end.isEnded ? 'ended' : highestStatus(facts),
    outcome,
    routeReason: last(facts, 'routeReason') ?? null,
    from: preferred(facts, 'from') ?? null,
    to: preferred(facts, 'to') ?? null,
    customerName: first(facts, 'customerName') ?? null,
    assistantId: first(facts, 'assistantId') ?? null,
    startedAt: new Date(
      Math.min(...facts.flatMap(({ at, facts: { startedAt } }) => [at.getTime(), ...timeOf(startedAt)])),
    ),
    answeredAt,
    endedAt: end.endedAt,
    durationSeconds: end.isEnded ? durationOf(facts, end, answeredAt) : null,
    costUsd: last(facts, 'costUsd') ?? null,
    endedReason: end.reason,
    endedCode: end.isEnded ? endedCode(outcome, facts, end) : null,
    summary: last(facts, 'summary') ?? null,
    recording: recordingOf(facts),
    isRecovered: facts.some(({ facts: { isRecovered } }) => isRecovered === true),
    isComplete: end.isEnded && isComplete(facts, outcome),
    mayBringMessage: outcome !== 'voicemail' && facts.some(({ facts: known }) => known.isMessageAsked === true),
  };
}

type End = { isEnded: boolean; endedAt: Date | null; reason: string | null };

/**
 * The line at Twilio decides where there is one to hear of; Vapi's word is the end too, unless AVA took the caller on
 * afterwards: then the call lives on without Vapi.
 */
function endOf(facts: readonly CallFact[]): End {
  const overs = facts.filter(({ facts: { isOver } }) => isOver === true);
  const line = overs.find(({ source }) => source === 'twilio');
  const isRescued = facts.some(({ facts: { isRescue } }) => isRescue === true);
  const word = line ?? (isRescued ? undefined : overs.find(({ source }) => source !== 'twilio'));
  const reports = overs.toSorted((a, b) => weight(b) - weight(a) || byTimeThenKey(a, b));
  const reason = reports.find(({ facts }) => facts.endedReason !== undefined)?.facts.endedReason ?? null;
  if (word === undefined) return { isEnded: false, endedAt: null, reason };
  return { isEnded: true, endedAt: new Date(word.facts.endedAt ?? word.at), reason };
}

function weight({ source, facts }: CallFact): number {
  if (facts.isReport === true) return 3;
  return source === 'vapi' ? 2 : 1;
}

const RANKS: readonly CallStatus[] = ['placing', 'queued', 'ringing', 'in_progress', 'forwarding'];

function highestStatus(facts: readonly CallFact[]): CallStatus {
  const ranks = facts.map(({ facts: { status } }) => (status === undefined ? -1 : RANKS.indexOf(status)));
  return RANKS[Math.max(0, ...ranks)] ?? 'ringing';
}

function outcomeOf(facts: readonly CallFact[], end: End): CallOutcome | null {
  const reached = facts.map(({ facts: { reached: who } }) => who).filter((who) => who !== undefined);
  const human = reached.findLast((who) => who === 'person' || who === 'voicemail');
  if (human !== undefined) return human;
  if (reached.includes('ai')) return 'ai';
  if (reached.includes('sentence')) return 'sentence';
  if (!end.isEnded) return null;
  return end.reason !== null && isFault(end.reason) ? 'failed' : 'nobody';
}

const CODE_BY_OUTCOME: Partial<Record<CallOutcome, EndedReasonCode>> = {
  person: 'person_answered',
  voicemail: 'message_left',
  sentence: 'told',
};

function endedCode(outcome: CallOutcome | null, facts: readonly CallFact[], end: End): EndedReasonCode {
  const byOutcome = outcome === null ? undefined : CODE_BY_OUTCOME[outcome];
  if (byOutcome !== undefined) return byOutcome;
  if (facts.some(({ facts: { isRescue } }) => isRescue === true)) return 'rescued';
  if (end.reason !== null) return endedReasonCode(end.reason);
  return outcome === 'nobody' ? 'caller_hung_up' : 'unknown';
}

function durationOf(facts: readonly CallFact[], end: End, answeredAt: Date | null): number | null {
  const said = facts.filter(({ facts: { durationSeconds } }) => durationSeconds !== undefined);
  const best = said.find(({ source }) => source === 'twilio') ?? said.at(-1);
  if (best?.facts.durationSeconds !== undefined) return Math.round(best.facts.durationSeconds);
  if (end.endedAt === null || answeredAt === null) return null;
  return Math.max(0, Math.round((end.endedAt.getTime() - answeredAt.getTime()) / 1000));
}

/** A voicemail is worth more than the talk before it. */
function recordingOf(facts: readonly CallFact[]): string | null {
  const recordings = facts.map(({ facts: { recording } }) => recording).filter((one) => one !== undefined);
  return recordings.findLast((one) => one !== 'vapi') ?? recordings[0] ?? null;
}

function isComplete(facts: readonly CallFact[], outcome: CallOutcome | null): boolean {
  if (outcome === 'ai') return facts.some(({ facts: { isReport } }) => isReport === true);
  return outcome !== null;
}

const SOURCES = ['twilio', 'ava', 'vapi'] as const;

/** What the telephone network says goes before what others say. */
function preferred<Key extends keyof Facts>(facts: readonly CallFact[], key: Key): Facts[Key] {
  for (const source of SOURCES) {
    const found = first(
      facts.filter((fact) => fact.source === source),
      key,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function first<Key extends keyof Facts>(facts: readonly CallFact[], key: Key): Facts[Key] {
  return facts.find(({ facts: known }) => known[key] !== undefined)?.facts[key];
}

function last<Key extends keyof Facts>(facts: readonly CallFact[], key: Key): Facts[Key] {
  return facts.findLast(({ facts: known }) => known[key] !== undefined)?.facts[key];
}

function earliest(times: (string | undefined)[]): Date | null {
  const known = times.flatMap(timeOf);
  return known.length === 0 ? null : new Date(Math.min(...known));
}

function timeOf(text: string | undefined): number[] {
  return text === undefined ? [] : [new Date(text).getTime()];
}

function byTimeThenKey(a: CallFact, b: CallFact): number {
  return a.at.getTime() - b.at.getTime() || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
