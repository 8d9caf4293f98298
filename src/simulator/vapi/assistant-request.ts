import { messageOf, serverOf } from './messages.ts';
import { isObject } from './rules.ts';
import type { Org, Stored } from './store.ts';
import { openStream } from './streams.ts';
import type { VapiTwin } from './twin.ts';
import type { Webhooks } from './webhooks.ts';

/** Fixed, whatever `timeoutSeconds` says. */
const LIMIT_MS = 7500;

type Asked = { vapi: VapiTwin; webhooks: Webhooks; org: Org; number: Stored; call: Stored };

/**
 * A number without an assistant: its server says who answers. When it does not, the number's `fallbackDestination` is
 * rung; without one the call ends.
 */
export async function askForAssistant({ vapi, webhooks, org, number, call }: Asked): Promise<string> {
  const server = serverOf(org, { number });
  const message = messageOf(vapi.world, { type: 'assistant-request', call, number });
  const reply = await webhooks.ask({ org, server, message, timeoutMs: LIMIT_MS });
  const decided = decide(org, reply);
  if ('endedReason' in decided) return giveUp(vapi, { org, call, number, decided });
  if ('assistant' in decided) {
    org.calls.patch(call.id, decided.assistant);
    return openStream(vapi, org, call).twiml;
  }
  end(vapi, { org, call, endedReason: 'assistant-request-returned-forwarding-phone-number' });
  return response(say(decided.message) + dial(decided.number));
}

type Decision =
  | { assistant: Record<string, unknown> }
  | { number: string; message?: unknown }
  | { endedReason: string; sentence?: string };

/** An error goes before a destination, a destination before an assistant. */
function decide(org: Org, reply: Record<string, unknown> | undefined): Decision {
  if (!reply) return { endedReason: 'assistant-request-failed' };
  const { error, destination, assistantId, assistant, assistantOverrides } = reply;
  if (typeof error === 'string') return { endedReason: 'assistant-request-returned-error', sentence: error };
  if (isObject(destination) && typeof destination.number === 'string') {
    return { number: destination.number, message: destination.message };
  }
  const overrides = isObject(assistantOverrides) ? { assistantOverrides } : {};
  if (typeof assistantId === 'string') {
    if (!org.assistants.find(assistantId)) return { endedReason: 'assistant-request-returned-invalid-assistant' };
    return { assistant: { assistantId, ...overrides } };
  }
  if (isObject(assistant)) return { assistant: { assistant, ...overrides } };
  return { endedReason: 'assistant-request-returned-no-assistant' };
}

type GivenUp = { org: Org; call: Stored; number: Stored; decided: { endedReason: string; sentence?: string } };

function giveUp(vapi: VapiTwin, { org, call, number, decided }: GivenUp): string {
  end(vapi, { org, call, endedReason: decided.endedReason });
  const { fallbackDestination: fallback } = number;
  if (isObject(fallback) && typeof fallback.number === 'string') {
    return response(say(fallback.message) + dial(fallback.number));
  }
  return response(`${say(decided.sentence)}<Hangup/>`);
}

function end(vapi: VapiTwin, { org, call, endedReason }: { org: Org; call: Stored; endedReason: string }): void {
  org.calls.patch(call.id, { status: 'ended', endedReason, endedAt: vapi.world.time.story.now().toISOString() });
}

function response(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}

function say(sentence: unknown): string {
  return typeof sentence === 'string' && sentence ? `<Say>${escapeXml(sentence)}</Say>` : '';
}

function dial(number: string): string {
  return `<Dial><Number>${escapeXml(number)}</Number></Dial>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
