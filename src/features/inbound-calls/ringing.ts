/** A call at the door, as Twilio's webhook tells it. */
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

const E164 = /^\+[1-9]\d{6,14}$/;
// Spells ANONYMOUS, RESTRICTED, UNAVAILABLE on a keypad.
const WITHHELD = new Set(['+266696687', '+7378742883', '+8656696', '+86282452253']);

/** The caller's number where it is one. */
export function callerNumber({ from }: RingingCall): string | undefined {
  return E164.test(from) && !WITHHELD.has(from) ? from : undefined;
}
