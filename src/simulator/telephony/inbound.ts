import type { Account } from '../twilio/account.ts';
import { endCall, makeCall } from '../twilio/call-record.ts';
import { findNumber } from '../twilio/numbers.ts';
import type { Resource } from '../twilio/records.ts';
import type { CallResult, CallScript } from './call.ts';
import { createEar, type Ear } from './ear.ts';
import { followInstructions } from './interpreter.ts';
import { type LiveCall, note, type Source, type Switchboard } from './live-call.ts';
import { createProgress } from './progress.ts';

export type Ringing = { from: string; to: string; script: CallScript; depth: number };

/** A caller dials one of our numbers. Answers when the call is over, with all that the caller heard. */
export async function ringNumber(board: Switchboard, { from, to, script, depth }: Ringing): Promise<CallResult> {
  const owner = ownerOf(board, to);
  if (!owner) return nobodyThere(from, to);
  const { account, number } = owner;
  const record = makeCall(board.twilio, account, { from, to, direction: 'inbound', phoneNumberSid: number.sid });
  record.status = 'ringing';
  account.calls.add(record);
  const gone = new AbortController();
  const patienceMs = (script.hangsUpAfterSeconds ?? Infinity) * 1000;
  const ear = createEar(board.world.time, { ms: patienceMs, leave: () => gone.abort('impatient') });
  const call = makeLiveCall({ board, account, record, script, ear, gone, depth, fallback: fallbackOf(number) });
  board.live.set(record.sid, call);
  const source = sourceOf(call, number);
  if (source) await followInstructions(call, source);
  else await ear.hear('error', 'We are sorry, an application error has occurred. Goodbye.', 4000, call.gone.signal);
  board.live.delete(record.sid);
  finish(call, number);
  return resultOf(call);
}

function ownerOf({ twilio }: Switchboard, phoneNumber: string): { account: Account; number: Resource } | undefined {
  for (const account of twilio.accounts) {
    const number = findNumber(account, phoneNumber);
    if (number) return { account, number };
  }
  return undefined;
}

type NewLiveCall = {
  board: Switchboard;
  account: Account;
  record: Resource;
  script: CallScript;
  ear: Ear;
  depth: number;
  fallback?: LiveCall['fallback'];
  gone?: AbortController;
};

export function makeLiveCall({ fallback, gone = new AbortController(), ...given }: NewLiveCall): LiveCall {
  return {
    ...given,
    ...(fallback && { fallback }),
    gone,
    moved: new AbortController(),
    isAnswered: false,
    isHungUp: false,
    problems: [],
    vapiCallIds: [],
  };
}

function fallbackOf(number: Resource): { url: string; method: string } {
  return { url: String(number.voice_fallback_url ?? ''), method: String(number.voice_fallback_method ?? 'POST') };
}

/** A trunk or an application voids the number's own addresses. Undefined: nothing says what to do. */
function sourceOf(call: LiveCall, number: Resource): Source | undefined {
  const taker = number.trunk_sid ?? number.voice_application_sid;
  if (taker) {
    note(call, { code: 11_100, message: `The call went to ${String(taker)}, not to the voice URL`, url: '' });
    return undefined;
  }
  const url = String(number.voice_url ?? '');
  if (url) return { url, method: String(number.voice_method ?? 'POST'), params: {} };
  note(call, { code: 11_100, message: 'The number has no voice URL', url: '' });
  return undefined;
}

function finish(call: LiveCall, number: Resource): void {
  const { board, account, record, isAnswered } = call;
  const wasRejected = record.status === 'busy' || (record.status === 'no-answer' && !isAnswered);
  endCall(board.twilio, record, wasRejected ? String(record.status) : isAnswered ? 'completed' : 'no-answer');
  const url = String(number.status_callback ?? '') || undefined;
  createProgress(board, { account, record, url, method: String(number.status_callback_method ?? 'POST') })('completed');
}

function resultOf({ record, ear, help, problems, vapiCallIds, gone }: LiveCall): CallResult {
  const heardError = ear.heard.some(({ kind }) => kind === 'error');
  return {
    callSid: record.sid,
    from: String(record.from),
    to: String(record.to),
    outcome: heardError ? 'error' : (help ?? (gone.signal.reason === 'impatient' ? 'abandoned' : 'error')),
    heardError,
    longestSilenceMs: ear.longestSilenceMs(),
    durationMs: Math.round(ear.atMs()),
    transcriptOfWhatTheCallerHeard: ear.heard,
    vapiCallIds,
    problems,
  };
}

function nobodyThere(from: string, to: string): CallResult {
  const text = 'The number that you have dialled is not in service.';
  return {
    callSid: '',
    from,
    to,
    outcome: 'error',
    heardError: true,
    longestSilenceMs: 0,
    durationMs: 4000,
    transcriptOfWhatTheCallerHeard: [{ atMs: 0, kind: 'error', text, ms: 4000 }],
    vapiCallIds: [],
    problems: [{ code: 21_421, message: `Nobody owns ${to}`, url: '' }],
  };
}
