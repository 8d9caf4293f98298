import type { World } from '../world.ts';
import { isObject } from './rules.ts';
import type { Org, ServerConfig, Stored } from './store.ts';

/** What is sent when an assistant does not say (contracts/vapi.md 6.2). */
const USUAL_MESSAGES = [
  'conversation-update end-of-call-report function-call hang speech-update status-update tool-calls',
  'transfer-destination-request handoff-destination-request user-interrupted assistant.started',
].flatMap((line) => line.split(' '));

type Envelope = {
  type: string;
  call: Stored;
  number?: Stored | undefined;
  assistant?: Record<string, unknown> | undefined;
  more?: Record<string, unknown>;
};

/** The body of a webhook. Like the real one it carries secrets: the number's Twilio token, the assistant's prompts. */
export function messageOf(world: World, { type, call, number, assistant, more }: Envelope): Record<string, unknown> {
  return {
    timestamp: world.time.story.now().getTime(),
    type,
    call: without(call, LEFT_OUT_OF_CALLS),
    ...(isObject(call.customer) && { customer: call.customer }),
    ...(number && { phoneNumber: without(number, LEFT_OUT_OF_NUMBERS) }),
    ...(assistant && { assistant }),
    ...more,
  };
}

/** Of several targets exactly one gets a message: tool, assistant, number, organisation, in this order. */
export function serverOf(
  org: Org,
  given: { tool?: unknown; assistant?: unknown; number?: unknown },
): ServerConfig | undefined {
  const candidates = [given.tool, given.assistant, given.number].map((one) => (isObject(one) ? one.server : undefined));
  const found = candidates.find((server) => isObject(server) && typeof server.url === 'string');
  return (found as ServerConfig | undefined) ?? org.server;
}

export function isWanted(assistant: Record<string, unknown> | undefined, type: string): boolean {
  const wanted = Array.isArray(assistant?.serverMessages) ? (assistant.serverMessages as string[]) : USUAL_MESSAGES;
  if (type !== 'transcript') return wanted.includes(type);
  return wanted.includes('transcript') || wanted.includes('transcript[transcriptType="final"]');
}

const LEFT_OUT_OF_CALLS = new Set(['artifact', 'messages', 'analysis', 'assistant']);
const LEFT_OUT_OF_NUMBERS = new Set(['id', 'orgId', 'createdAt', 'updatedAt', 'status']);

function without(stored: Stored, names: Set<string>): unknown {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => !names.has(name)));
}
