/** A call at the door, as Twilio's webhook tells it. */
import { numberOf } from '../../providers/twilio/caller-number.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';

export type RingingCall = {
  callSid: string;
  accountSid: string | undefined;
  from: string;
  to: string;
  forwardedFrom: string | undefined;
  /** `ringing` at first; a final one when the caller has gone. */
  status: string;
};

export type Fields = Record<string, string>;

export function ringingCall(params: Fields): RingingCall {
  return {
    callSid: params['CallSid'] ?? '',
    accountSid: params['AccountSid'],
    from: params['From'] ?? '',
    to: params['To'] ?? params['Called'] ?? '',
    forwardedFrom: params['ForwardedFrom'],
    status: params['CallStatus'] ?? '',
  };
}

const OVER = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

export function isOver({ status }: RingingCall): boolean {
  return OVER.has(status);
}

/**
 * Whether the call comes from the fallback itself: a person of the plan, or the number, forwards to the number. Ringing
 * them again would go round for ever.
 */
export function isLoop(call: RingingCall, routing: NumberRouting): boolean {
  const own = new Set([routing.phoneNumber, ...routing.plan.fallback.people.map((person) => person.phone_number)]);
  if (call.from === routing.phoneNumber) return true;
  return call.forwardedFrom !== undefined && own.has(call.forwardedFrom);
}

/** The caller's number where it is one. */
export function callerNumber({ from }: RingingCall): string | undefined {
  return numberOf(from);
}
