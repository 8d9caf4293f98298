/** Vapi's reasons for the end of a call: hundreds, and growing, so they are told apart by how they begin. */
import type { EndedReasonCode } from './contract.ts';

const BY_PATTERN: readonly [RegExp, EndedReasonCode][] = [
  [/^customer-ended-call/, 'caller_hung_up'],
  [/^assistant-(ended-call|said-end-call-phrase)/, 'assistant_hung_up'],
  [/^(assistant-forwarded-call|call\.(ringing|ending)\.hook-executed)/, 'forwarded'],
  [/^exceeded-max-duration/, 'too_long'],
  [/^silence-timed-out/, 'silence'],
  [/^voicemail/, 'voicemail'],
  [/^(manually-canceled|scheduled-call-deleted)/, 'canceled'],
  [/^call-deleted/, 'deleted'],
  [/^call-refused/, 'refused'],
  [/^(customer-busy|call\.forwarding\.operator-busy)/, 'busy'],
  [/^(customer-did-not-answer|call\.forwarding\.no-answer)/, 'not_answered'],
  [/^twilio-reported-customer-misdialed/, 'misdialed'],
  [/^customer-did-not-give-microphone-permission/, 'no_microphone'],
  [/^assistant-request-/, 'webhook_failed'],
  [/^(assistant-not-(found|valid|provided)|call-start-error-neither-assistant)/, 'assistant_missing'],
  [/^call\.start\.error-(subscription|fraud)/, 'billing'],
  [/(vapifault|^worker-shutdown|^assistant-join-timed-out|^vapi-error)/, 'vapi_fault'],
  [/^(pipeline-error-|call\.in-progress\.error-(providerfault|pipeline))/, 'ai_provider_fault'],
  [/^(twilio-|phone-call-provider-|call\.in-progress\.(twilio|sip)-|call\.ringing\..*sip)/, 'telephony_fault'],
  [/^call\.(in-progress|start)\.error/, 'vapi_fault'],
];

/** The class of a vendor's reason; `unknown` for one that nobody has seen. */
export function endedReasonCode(reason: string): EndedReasonCode {
  return BY_PATTERN.find(([pattern]) => pattern.test(reason))?.[1] ?? 'unknown';
}

const FAULTS: ReadonlySet<EndedReasonCode> = new Set([
  'refused',
  'webhook_failed',
  'assistant_missing',
  'billing',
  'vapi_fault',
  'ai_provider_fault',
  'telephony_fault',
]);

/** Whether the call ended because something was broken, rather than because somebody had finished. */
export function isFault(reason: string): boolean {
  return FAULTS.has(endedReasonCode(reason));
}
