import type { Random } from '../random.ts';
import type { Account } from '../twilio/account.ts';
import { notify, startCall } from '../twilio/call-record.ts';
import type { Resource } from '../twilio/records.ts';
import type { TwilioTwin } from '../twilio/twin.ts';
import type { VapiTwin } from '../vapi/twin.ts';
import type { Conversations } from '../vapi/conversation.ts';
import type { World } from '../world.ts';
import type { CallResult, CallScript, Outcome } from './call.ts';
import type { Ear } from './ear.ts';
import type { People } from './people.ts';
import type { TwilioRequests } from './twilio-request.ts';

/** What the engine is made of; every step of a call gets it along with the call. */
export type Switchboard = {
  world: World;
  twilio: TwilioTwin;
  vapi: VapiTwin;
  random: Random;
  people: People;
  conversations: Conversations;
  requests: TwilioRequests;
  /** Calls that are on, by SID. */
  live: Map<string, LiveCall>;
  /** Work that goes on after its call, such as callbacks; `settled` waits for it. */
  track(work: Promise<unknown>): void;
  follow(call: LiveCall, source: Source): Promise<void>;
  /** Rings a number of ours from within a call, as a second call. */
  ring(order: { from: string; to: string; script: CallScript; depth: number }): Promise<CallResult>;
};

/** Where the next instructions come from. */
export type Address = { url: string; method: string; params: Record<string, string> };
export type Source = Address | { twiml: string };

/** One leg that follows instructions. */
export type LiveCall = {
  board: Switchboard;
  account: Account;
  record: Resource;
  script: CallScript;
  ear: Ear;
  /** Aborted when the line is dead: the caller hung up, or somebody hung up through the API. */
  gone: AbortController;
  /** Aborted when the API sends the call to other instructions; renewed for the next. */
  moved: AbortController;
  next?: Source;
  fallback?: { url: string; method: string };
  isAnswered: boolean;
  /** Hung up by its own instructions. */
  isHungUp: boolean;
  help?: Outcome;
  problems: CallResult['problems'];
  vapiCallIds: string[];
  /** How many of our numbers this call has already been passed through. */
  depth: number;
  onAnswer?(): void;
};

export function isGone(call: LiveCall): boolean {
  return call.gone.signal.aborted || call.isHungUp;
}

/** Ends a wait when the line is dead or the call is sent elsewhere. */
export function interruption(call: LiveCall): AbortSignal {
  return AbortSignal.any([call.gone.signal, call.moved.signal]);
}

export function answer(call: LiveCall): void {
  if (call.isAnswered) return;
  call.isAnswered = true;
  startCall(call.board.twilio, call.record);
  call.onAnswer?.();
}

export function note(call: LiveCall, problem: CallResult['problems'][number], isWarning = false): void {
  call.problems.push(problem);
  notify(call.board.twilio, call.account, { ...problem, callSid: call.record.sid, isWarning });
}

/** What is heard while Twilio waits for somebody's answer: ringing at first, later nothing. */
export function waiting(call: LiveCall): { kind: 'ring' | 'silence'; text: string } {
  return call.isAnswered ? { kind: 'silence', text: '' } : { kind: 'ring', text: 'ringing' };
}
