/** One thing that became known of a call, whoever said it and whenever it came. */
import type { CallStatus } from './contract.ts';

export type CallFact = {
  /** The same key is the same thing: a repeat changes nothing. */
  key: string;
  /** When it happened, not when it came. */
  at: Date;
  source: 'ava' | 'vapi' | 'twilio';
  /** For the timeline, such as `status-update:ended`. */
  name: string;
  correlationId: string | null;
  facts: Facts;
  text?: CallText | undefined;
};

/** All times are RFC 3339. */
export type Facts = {
  /** AVA's own id of an outbound call, before Vapi has one. */
  avaId?: string | undefined;
  vapiCallId?: string | undefined;
  twilioCallSid?: string | undefined;
  direction?: 'inbound' | 'outbound' | undefined;
  status?: Exclude<CallStatus, 'ended'> | undefined;
  from?: string | undefined;
  to?: string | undefined;
  customerName?: string | undefined;
  assistantId?: string | undefined;
  startedAt?: string | undefined;
  answeredAt?: string | undefined;
  /** The line at that vendor is over. */
  isOver?: boolean | undefined;
  endedAt?: string | undefined;
  durationSeconds?: number | undefined;
  costUsd?: number | undefined;
  endedReason?: string | undefined;
  /** Vapi's final word on the call. */
  isReport?: boolean | undefined;
  /** Somebody was really reached. */
  reached?: 'ai' | 'person' | 'voicemail' | 'sentence' | undefined;
  /** AVA asked the caller to leave a message, which may be heard of after the line is over. */
  isMessageAsked?: boolean | undefined;
  routeReason?: string | undefined;
  /** AVA took the caller on after the assistant had dropped out. */
  isRescue?: boolean | undefined;
  /** `vapi`, or the SID of Twilio's recording. */
  recording?: string | undefined;
  summary?: string | undefined;
  isRecovered?: boolean | undefined;
  /** For the timeline alone. */
  details?: Record<string, unknown> | undefined;
};

export type CallText = {
  transcript: string | null;
  messages: { role: string; text: string; secondsFromStart: number | null }[];
  success: string | null;
  structuredData: unknown;
};

const MOST_EARLY_MS = 7 * 86_400_000;
const MOST_LATE_MS = 5 * 60_000;

/** A vendor's clock may be wrong, but not by much: a call must not end up in another year. */
export function plausible(at: Date | undefined, receivedAt: Date): Date {
  if (at === undefined) return receivedAt;
  const aheadMs = at.getTime() - receivedAt.getTime();
  return aheadMs > MOST_LATE_MS || aheadMs < -MOST_EARLY_MS ? receivedAt : at;
}
