/** Twilio's webhooks as the ledger keeps them: which fields, of which type, and what makes two of them the same. */
import type { IncomingEvent } from './event.ts';

const KEPT = [
  'CallSid',
  'ParentCallSid',
  'AccountSid',
  'From',
  'To',
  'Direction',
  'CallStatus',
  'CallDuration',
  'Timestamp',
  'SequenceNumber',
  'CallbackSource',
  'AnsweredBy',
  'ForwardedFrom',
  'DialCallStatus',
  'DialCallSid',
  'DialCallDuration',
  'DialBridged',
  'RecordingSid',
  'RecordingStatus',
  'RecordingDuration',
  'Digits',
  'ErrorCode',
  'StirVerstat',
  'MessageSid',
  'NumMedia',
  'Body',
];
const MAX_VALUE = 1_600;

export type TwilioNote = {
  tenantId: string;
  type: string;
  /** Tells steps of one call apart that would look alike. */
  step?: string;
  params: Record<string, string>;
  /** What AVA answered. */
  decision?: object | undefined;
  correlationId: string;
  receivedAt: Date;
};

export function twilioEvent({
  tenantId,
  type,
  step,
  params,
  decision,
  correlationId,
  receivedAt,
}: TwilioNote): IncomingEvent {
  const { CallSid: callSid = '', MessageSid: messageSid = '', RecordingSid: recordingSid = '' } = params;
  const subject = type === 'recording' ? recordingSid : type === 'sms' ? messageSid : callSid;
  const detail = type.startsWith('status:')
    ? (params['SequenceNumber'] ?? params['CallStatus'] ?? '')
    : (step ?? params['RecordingStatus'] ?? '');
  return {
    tenantId,
    vendor: 'twilio',
    type,
    dedupeKey: `twilio:${type}:${subject}:${detail}`.slice(0, 300),
    kept: { ...keptOf(params), ...(decision !== undefined && { ava: decision }) },
    vapiCallId: null,
    twilioCallSid: params['ParentCallSid'] ?? (callSid || null),
    correlationId,
    receivedAt,
  };
}

function keptOf(params: Record<string, string>): Record<string, string> {
  const kept = KEPT.flatMap((name) => {
    const value = params[name];
    return value === undefined
      ? []
      : [[name, value.slice(0, MAX_VALUE).replaceAll('\u0000', '').toWellFormed()] as const];
  });
  return Object.fromEntries(kept);
}
