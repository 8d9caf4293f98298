/** A caller's number as Twilio gives it: it need not be one. */

const E164 = /^\+[1-9]\d{6,14}$/;
// Spells ANONYMOUS, RESTRICTED, UNAVAILABLE on a keypad.
const WITHHELD = new Set(['+266696687', '+7378742883', '+8656696', '+86282452253']);

/** The number, where it is one. */
export function numberOf(from: string): string | undefined {
  return E164.test(from) && !WITHHELD.has(from) ? from : undefined;
}
