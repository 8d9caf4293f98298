import type { Random } from '../random.ts';
import type { CallScript } from '../telephony/call.ts';
import type { Ear } from '../telephony/ear.ts';
import type { World } from '../world.ts';
import { isWanted, messageOf, serverOf } from './messages.ts';
import { mergedAssistant } from './overrides.ts';
import type { Stored } from './store.ts';
import type { Stream } from './streams.ts';
import type { Talk } from './talks.ts';
import type { Transcript } from './transcript.ts';
import type { VapiTwin } from './twin.ts';
import type { Webhooks } from './webhooks.ts';

export type ConversationOrder = Stream & {
  callSid: string;
  script: CallScript;
  ear: Ear;
  /** Aborted when the caller is no longer there. */
  signal: AbortSignal;
  /** Vapi can hand a caller on only where it owns the leg. */
  canTransfer: boolean;
};
/** `lost`: the sound broke off and the caller is still there. */
export type ConversationEnd = { by: 'customer' | 'assistant' | 'lost'; heardAnything: boolean; transferTo?: string };

export type Parts = {
  world: World;
  vapi: VapiTwin;
  webhooks: Webhooks;
  random: Random;
  /** Does something after a while of story time; `settled` waits for it. */
  later(ms: number, run: () => void): void;
};

/** One conversation and all that belongs to it. */
export type Holding = ConversationOrder & {
  parts: Parts;
  number: Stored | undefined;
  assistant: Record<string, unknown>;
  transcript: Transcript;
  talk: Talk;
  lost: AbortController;
  /** The number to which the caller is handed on. */
  transferTo?: string;
  /** The caller gone, the sound lost, or the time up. */
  over: AbortSignal;
};

/** Sends one message about a call, if its assistant wants that kind. */
export function tell(parts: Parts, stream: Stream, type: string, more: Record<string, unknown>): void {
  const { org, call } = stream;
  const assistant = mergedAssistant(org, call);
  if (!isWanted(assistant, type)) return;
  const number = typeof call.phoneNumberId === 'string' ? org.phoneNumbers.find(call.phoneNumberId) : undefined;
  const server = serverOf(org, { assistant, number });
  parts.webhooks.send({ org, server, message: messageOf(parts.world, { type, call, number, assistant, more }) });
}
