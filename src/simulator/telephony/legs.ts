import { makeCall } from '../twilio/call-record.ts';
import type { Resource } from '../twilio/records.ts';
import { type LiveCall, note } from './live-call.ts';
import type { Person } from './people.ts';
import { createProgress } from './progress.ts';
import type { Verb } from './twiml.ts';

/** How a `Dial` ended, in Twilio's words. */
export type DialStatus = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';
/** One outside number that rings, and who is there. */
export type Leg = { number: string; noun: Verb; record: Resource; person: Required<Person> };

const E164 = /^\+[1-9]\d{6,14}$/;

export function legOf(call: LiveCall, noun: Verb): Leg | undefined {
  const { board, account, record } = call;
  const number = noun.body;
  if (noun.name === 'Number' && !E164.test(number)) {
    note(call, { code: 13_223, message: `The phone number ${number} has an invalid format`, url: '' });
    return undefined;
  }
  const given = {
    to: number,
    from: String(record.from),
    direction: 'outbound-dial' as const,
    parentCallSid: record.sid,
  };
  const leg = makeCall(board.twilio, account, given);
  leg.status = 'ringing';
  account.calls.add(leg);
  return { number, noun, record: leg, person: board.people.at(number) };
}

export function firstToAnswer(legs: Leg[], timeoutMs: number): Leg | undefined {
  return legs
    .filter(({ person }) => person.answers === 'yes' || person.answers === 'machine')
    .filter(({ person }) => person.afterSeconds * 1000 < timeoutMs)
    .sort((left, right) => left.person.afterSeconds - right.person.afterSeconds)[0];
}

/** When nobody picks up: at the time-out, or as soon as all are busy or cannot be reached. */
export function quietAfterMs(legs: Leg[], timeoutMs: number): number {
  return legs.every(({ person }) => person.answers === 'busy' || person.answers === 'failed') ? 2000 : timeoutMs;
}

export function statusOf({ person }: Leg): DialStatus {
  if (person.answers === 'busy' || person.answers === 'failed') return person.answers;
  return 'no-answer';
}

export function statusOfAll(legs: Leg[]): DialStatus {
  const statuses = new Set(legs.map(statusOf));
  const [only] = statuses;
  if (!only) return 'failed';
  return statuses.size === 1 ? only : 'no-answer';
}

export function callbacks(call: LiveCall, leg: Leg, base: string) {
  return createProgress(call.board, {
    account: call.account,
    record: leg.record,
    url: leg.noun.attributes.statusCallback,
    method: leg.noun.attributes.statusCallbackMethod,
    events: leg.noun.attributes.statusCallbackEvent?.split(' '),
    base,
  });
}
