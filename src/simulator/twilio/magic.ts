import { refuse } from './errors.ts';

/** Twilio's magic numbers (contracts/twilio.md section 5): values that always give the same refusal. */

export function checkBought(phoneNumber: string | undefined, areaCode: string | undefined): void {
  if (phoneNumber === '+15005550000') throw refuse(21422, `${phoneNumber} is not available`);
  if (phoneNumber === '+15005550001') throw refuse(21421, `${phoneNumber} is not valid`);
  if (areaCode === '533') throw refuse(21452, 'No phone numbers found in area code 533');
}

const callTargets: Record<string, [number, string]> = {
  '+15005550001': [21217, 'is not a valid phone number'],
  '+15005550002': [21214, 'cannot be reached'],
  '+15005550003': [21215, 'is not allowed: geographic permission is missing'],
  '+15005550004': [21216, 'is blocked'],
};

const messageTargets: Record<string, [number, string]> = {
  '+15005550001': [21211, 'is not a valid phone number'],
  '+15005550002': [21612, 'cannot be reached from this sender'],
  '+15005550003': [21408, 'is in a region that is not enabled'],
  '+15005550004': [21610, 'has opted out'],
  '+15005550009': [21614, 'is not a mobile number'],
};

const E164 = /^\+[1-9]\d{6,14}$/;

export function checkCallTarget(to: string): void {
  refuseListed(callTargets, to);
  if (!E164.test(to) && !to.startsWith('sip:') && !to.startsWith('client:')) {
    throw refuse(21217, `Phone number ${to} does not appear to be valid`);
  }
}

export function checkMessageTarget(to: string): void {
  refuseListed(messageTargets, to);
  if (!E164.test(to)) throw refuse(21211, `The 'To' number ${to} is not a valid phone number`);
}

/** `owns` says whether the account has that number. Test credentials own the magic sender alone. */
export function checkCallSender(from: string, owns: boolean): void {
  if (from === '+15005550001') throw refuse(21212, `The source phone number ${from} is not valid`);
  if (from !== '+15005550006' && !owns) {
    throw refuse(21210, `Source phone number ${from} is not yet verified for your account`);
  }
}

export function checkMessageSender(from: string, owns: boolean): void {
  if (from === '+15005550001') throw refuse(21212, `The 'From' number ${from} is not valid`);
  if (from === '+15005550008') throw refuse(21611, `The 'From' number ${from} has too many messages queued`);
  if (from !== '+15005550006' && !owns) {
    throw refuse(21606, `The 'From' number ${from} is not an SMS-capable number of your account`);
  }
}

function refuseListed(table: Record<string, [number, string]>, number: string): void {
  const found = table[number];
  if (found) throw refuse(found[0], `${number} ${found[1]}`);
}
