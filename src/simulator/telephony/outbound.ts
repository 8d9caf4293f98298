import type { Account } from '../twilio/account.ts';
import { endCall, makeCall } from '../twilio/call-record.ts';
import type { Resource } from '../twilio/records.ts';
import { openStream } from '../vapi/streams.ts';
import type { Org } from '../vapi/store.ts';
import type { Form } from '../twilio/numbers.ts';
import { one } from '../twilio/numbers.ts';
import { createEar } from './ear.ts';
import { makeLiveCall } from './inbound.ts';
import { followInstructions } from './interpreter.ts';
import { answer, isGone, type LiveCall, type Source, type Switchboard } from './live-call.ts';
import { createProgress } from './progress.ts';

type Started = { account: Account; callSid: string; params: Record<string, unknown> };

/** A call that was made through Twilio's API: rings the person, then follows the instructions given with it. */
export function startOutbound(board: Switchboard, { account, callSid, params }: Started): void {
  const record = account.calls.find(callSid);
  if (!record) return;
  const form = params as Form;
  const events = [form.StatusCallbackEvent].flat().filter((event) => event !== undefined);
  const tell = createProgress(board, {
    account,
    record,
    url: one(form, 'StatusCallback'),
    method: one(form, 'StatusCallbackMethod'),
    ...(events.length > 0 && { events: events.flatMap((event) => event.split(/[\s,]+/)) }),
  });
  const fallback = { url: one(form, 'FallbackUrl') ?? '', method: one(form, 'FallbackMethod') ?? 'POST' };
  const call = liveCall(board, { account, record, fallback });
  const timeoutSeconds = Number(one(form, 'Timeout') ?? 60);
  board.track(run(call, { source: sourceOf(form), tell, timeoutSeconds }));
}

type Dial = { org: Org; callId: string; from: string; to: string; account: Account };

/** A call that an assistant makes: the person who picks up is connected to it. */
export async function dialForVapi(board: Switchboard, { org, callId, from, to, account }: Dial): Promise<void> {
  const vapiCall = org.calls.find(callId);
  if (!vapiCall) return;
  const record = account.calls.add(makeCall(board.twilio, account, { from, to, direction: 'outbound-api' }));
  org.calls.patch(callId, {
    phoneCallProviderId: record.sid,
    transport: { provider: 'twilio', accountSid: account.sid, callSid: record.sid },
  });
  const stream = { org, call: vapiCall };
  board.conversations.ring(stream);
  const call = liveCall(board, { account, record });
  await run(call, { source: openStream(board.vapi, org, vapiCall), tell: () => {}, timeoutSeconds: 60 });
  if (vapiCall.status === 'ended') return;
  const endedReason = reasons[String(record.status)] ?? 'customer-did-not-answer';
  board.conversations.giveUp(stream, endedReason);
}

const reasons: Record<string, string> = {
  busy: 'customer-busy',
  failed: 'twilio-failed-to-connect-call',
  'no-answer': 'customer-did-not-answer',
  completed: 'call.in-progress.twilio-completed-call',
};

function liveCall(board: Switchboard, given: { account: Account; record: Resource; fallback?: LiveCall['fallback'] }) {
  const ear = createEar(board.world.time);
  return makeLiveCall({ board, script: {}, ear, depth: 0, ...given });
}

type Run = {
  source: Source;
  tell: ReturnType<typeof createProgress>;
  timeoutSeconds: number;
};

async function run(call: LiveCall, { source, tell, timeoutSeconds }: Run): Promise<void> {
  const { board, record } = call;
  board.live.set(record.sid, call);
  tell('initiated');
  record.status = 'ringing';
  tell('ringing');
  const status = await ringPerson(call, timeoutSeconds);
  if (status === 'answered') {
    answer(call);
    tell('answered');
    await followInstructions(call, source);
  }
  board.live.delete(record.sid);
  const wasCanceled = status === 'canceled' || record.status === 'canceled';
  endCall(board.twilio, record, wasCanceled ? 'canceled' : status === 'answered' ? 'completed' : status);
  tell('completed');
}

async function ringPerson(call: LiveCall, timeoutSeconds: number) {
  const { answers, afterSeconds } = call.board.people.at(String(call.record.to));
  const picksUp = (answers === 'yes' || answers === 'machine') && afterSeconds < timeoutSeconds;
  const seconds = picksUp ? afterSeconds : answers === 'busy' || answers === 'failed' ? 1 : timeoutSeconds;
  await call.ear.hear('ring', 'ringing', seconds * 1000, call.gone.signal);
  if (isGone(call)) return 'canceled';
  if (picksUp) return 'answered';
  return answers === 'busy' || answers === 'failed' ? answers : 'no-answer';
}

function sourceOf(form: Form): Source {
  const url = one(form, 'Url');
  if (url) return { url, method: one(form, 'Method') ?? 'POST', params: {} };
  return { twiml: one(form, 'Twiml') ?? '<Response/>' };
}
