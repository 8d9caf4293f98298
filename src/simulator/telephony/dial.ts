import { endCall, startCall } from '../twilio/call-record.ts';
import { findNumber } from '../twilio/numbers.ts';
import { callParams } from './call-params.ts';
import {
  callbacks,
  type DialStatus,
  firstToAnswer,
  type Leg,
  legOf,
  quietAfterMs,
  statusOf,
  statusOfAll,
} from './legs.ts';
import { type Address, answer, interruption, isGone, type LiveCall, note } from './live-call.ts';
import { sourceOf, type Step } from './step.ts';
import type { Verb } from './twiml.ts';
import { screen } from './whisper.ts';

type Dialled = { status: DialStatus; isBridged: boolean; seconds: number; callSid: string };

const MAX_DEPTH = 4;

/** Rings outside numbers, all at once or one after the other; the first who picks up has the caller. */
export async function dial(call: LiveCall, verb: Verb, url: string): Promise<Step> {
  const { attributes } = verb;
  if (attributes.answerOnBridge !== 'true') answer(call);
  const dialled = await ringAll(call, verb, url);
  const action = attributes.action === undefined ? undefined : actionOf({ verb, url, dialled });
  if (!isGone(call)) return action && { goTo: action };
  if (action) tellTheEnd(call, action);
  return 'end';
}

async function ringAll(call: LiveCall, verb: Verb, url: string): Promise<Dialled> {
  const nouns = verb.children.filter((child) => child.name === 'Number' || child.name === 'Sip');
  if (nouns.length === 0 && verb.body) nouns.push({ ...verb, name: 'Number', attributes: {}, children: [] });
  const groups = verb.attributes.sequential === 'true' ? nouns.map((noun) => [noun]) : [nouns.slice(0, 10)];
  let last: Dialled = { status: 'failed', isBridged: false, seconds: 0, callSid: '' };
  for (const group of groups) {
    last = await ringGroup(call, { group, verb, url });
    if (last.isBridged || isGone(call)) return last;
  }
  return last;
}

type Group = { group: Verb[]; verb: Verb; url: string };

async function ringGroup(call: LiveCall, { group, verb, url }: Group): Promise<Dialled> {
  const own = group.length === 1 && group[0] ? group[0].body : '';
  if (findNumber(call.account, own)) return await ringOwnNumber(call, own);
  const legs = group.flatMap((noun) => legOf(call, noun) ?? []);
  const timeoutMs = Number(verb.attributes.timeout ?? 30) * 1000;
  const winner = firstToAnswer(legs, timeoutMs);
  legs.forEach((leg) => callbacks(call, leg, url)('initiated', 'ringing'));
  const ringMs = winner ? winner.person.afterSeconds * 1000 : quietAfterMs(legs, timeoutMs);
  await call.ear.hear('ring', `ringing ${legs.map((leg) => leg.number).join(', ')}`, ringMs, interruption(call));
  const wasLeft = isGone(call);
  for (const leg of legs) {
    if (leg === winner && !wasLeft) continue;
    endCall(call.board.twilio, leg.record, wasLeft || winner ? 'canceled' : statusOf(leg));
    callbacks(call, leg, url)('completed');
  }
  if (wasLeft) return lost('canceled', legs[0]);
  return winner ? await bridge(call, { leg: winner, verb, url }) : lost(statusOfAll(legs), legs[0]);
}

function lost(status: DialStatus, leg: Leg | undefined): Dialled {
  return { status, isBridged: false, seconds: 0, callSid: leg?.record.sid ?? '' };
}

async function bridge(call: LiveCall, { leg, verb, url }: { leg: Leg; verb: Verb; url: string }): Promise<Dialled> {
  const { twilio } = call.board;
  const { attributes } = verb;
  startCall(twilio, leg.record);
  callbacks(call, leg, url)('answered');
  const isTaken = await screen(call, { ...leg, base: url });
  if (isTaken && !isGone(call)) {
    answer(call);
    call.help = 'person';
    const ms = Math.min(leg.person.talksForSeconds, Number(attributes.timeLimit ?? 14_400)) * 1000;
    const isMachine = leg.person.answers === 'machine';
    await call.ear.hear(
      'person',
      isMachine ? 'an answering machine' : `talk with ${leg.number}`,
      ms,
      interruption(call),
    );
  }
  endCall(twilio, leg.record, 'completed');
  callbacks(call, leg, url)('completed');
  const seconds = Number(leg.record.duration);
  const status = isTaken ? 'completed' : leg.person.whenScreenedOut;
  return { status, isBridged: isTaken, seconds, callSid: leg.record.sid };
}

/** A number of our own rings like any other: its instructions answer, even when they lead back here. */
async function ringOwnNumber(call: LiveCall, number: string): Promise<Dialled> {
  const failed = { status: 'failed' as const, isBridged: false, seconds: 0, callSid: '' };
  if (call.depth >= MAX_DEPTH) {
    note(call, { code: 13_224, message: `The call to ${number} goes round in a circle`, url: '' });
    return failed;
  }
  const order = { from: String(call.record.from), to: number, script: call.script, depth: call.depth + 1 };
  const result = await call.board.ring(order);
  for (const { kind, text, ms } of result.transcriptOfWhatTheCallerHeard) call.ear.note(kind, text, ms);
  if (result.outcome === 'error') return { ...failed, callSid: result.callSid };
  answer(call);
  call.help = result.outcome;
  return {
    status: 'completed',
    isBridged: true,
    seconds: Math.ceil(result.durationMs / 1000),
    callSid: result.callSid,
  };
}

function actionOf({ verb, url, dialled }: { verb: Verb; url: string; dialled: Dialled }) {
  const params = {
    DialCallStatus: dialled.status,
    DialBridged: String(dialled.isBridged),
    ...(dialled.callSid && { DialCallSid: dialled.callSid }),
    ...(dialled.isBridged && { DialCallDuration: String(dialled.seconds) }),
  };
  return sourceOf(url, verb.attributes.action ?? '', verb.attributes.method, params);
}

/** The caller has gone: the action is still asked, and its answer is not followed. */
function tellTheEnd(call: LiveCall, action: Address): void {
  const { board, account } = call;
  const params = { ...callParams(call), ...action.params };
  board.track(board.requests.send({ account, url: action.url, method: action.method, params }));
}
