/** What AVA tells an assistant when a tool cannot do what was asked: plain sentences that help the caller on. */
import { PublicError } from '../../errors.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';

const OFFER = 'Tell the caller so, and offer to take a message.';

export const SAID = {
  unknownTool: `There is no tool of this name. ${OFFER}`,
  tooMany: `Too many tools were called at once; this one was not used. ${OFFER}`,
  late: `This takes too long, so it is not certain whether it worked. Promise nothing. ${OFFER}`,
  failed: `This did not work just now. ${OFFER}`,
  noCalendar: `No calendar is connected. ${OFFER}`,
  unknownCalendar: `There is no calendar of this name here. ${OFFER}`,
  calendarAway: `The calendar cannot be reached just now. ${OFFER}`,
  uncertain:
    'It is not certain whether the appointment was made. Do not promise it. Tell the caller that somebody will confirm it.',
  taken: 'This time is already taken. Call check_availability, and offer the caller another time.',
  past: 'This time has passed. Ask the caller for another one.',
  closed:
    'The business is closed at this time. Call check_availability, and offer the caller one of the times it names.',
  noSuchDay: 'The day was not understood. Ask the caller for it, and give it as YYYY-MM-DD.',
  noSuchTime: 'The time was not understood. Ask the caller for it, and give it as HH:MM.',
  tooFar: 'Appointments are made for the next twelve months only. Ask the caller for an earlier day.',
  noName: "Ask for the caller's name first.",
  nobody: `Nobody can be reached by telephone at the moment. ${OFFER}`,
  notTransferable: `This call cannot be passed on. ${OFFER}`,
  callOver: 'The caller is not on the line any more.',
  transferring: 'The caller is being passed on to a person now. Say nothing more.',
} as const;

const BY_CODE: Record<string, string> = {
  calendar_slot_taken: SAID.taken,
  calendar_not_connected: SAID.noCalendar,
  calendar_not_configured: SAID.noCalendar,
  stub_disabled_in_production: SAID.noCalendar,
  calendar_reconnect: SAID.noCalendar,
};

/** The sentence for an error that a calendar's room throws; undefined for a fault of AVA's own. */
export function sayRefusal(error: unknown): string | undefined {
  if (error instanceof PublicError) return BY_CODE[error.code];
  return error instanceof UpstreamError ? SAID.calendarAway : undefined;
}

/** Whether a vendor may have acted although no answer came. */
export function isUncertain(error: unknown): boolean {
  return error instanceof UpstreamError && error.connected && ['timeout', 'network'].includes(error.kind);
}

/** What people said, made safe for a line of a calendar: no line breaks, no control characters, not long. */
export function spokenLine(value: unknown, most: number): string {
  if (typeof value !== 'string') return '';
  return value
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, most)
    .toWellFormed();
}
