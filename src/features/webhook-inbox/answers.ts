/**
 * Answers that Vapi needs while a caller waits: from what this process knows already, but for tools, which may ask a
 * calendar; never later than Vapi's own limit.
 */
import { toolCallsOf, type ToolCall, type VapiMessage } from '../../providers/vapi/webhook.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';

export type Answers = { answer(tenantId: string, message: VapiMessage, body: unknown): Promise<object | undefined> };

export type AnswersDeps = {
  findRouting(phoneNumberId: string | null, phoneNumber: string | undefined): NumberRouting | undefined;
  /** Does what an assistant asks a tool for; resolves to what it is told. Never rejects, and takes seconds at most. */
  useTool(use: ToolUse): Promise<string>;
};

export type ToolUse = {
  tenantId: string;
  call: ToolCall;
  /** The number that was called, where it is the tenant's. */
  routing: NumberRouting | undefined;
  vapiCallId: string | null;
  assistantId: string | null;
  callerNumber: string | null;
};

/** What a model may ask for at once. */
const MOST_TOOLS = 16;
const TOO_MANY = 'Too many tools were called at once; this one was not used.';
const UNAVAILABLE = 'Sorry, nobody can take your call right now. Please call again a little later.';

export function createAnswers({ findRouting, useTool }: AnswersDeps): Answers {
  function routingOf(tenantId: string, message: VapiMessage): NumberRouting | undefined {
    const routing = findRouting(message.phoneNumberId, message.kept.calledNumber);
    return routing?.tenantId === tenantId ? routing : undefined;
  }

  /** The assistant of the number; without one the first person of its plan; without one a sentence. */
  function assistantFor(routing: NumberRouting | undefined): object {
    if (routing?.assistantId != null && routing.mode !== 'off') return { assistantId: routing.assistantId };
    return personOf(routing) ?? { error: UNAVAILABLE };
  }

  async function toolResults(tenantId: string, message: VapiMessage, body: unknown): Promise<object> {
    const situation = {
      tenantId,
      routing: routingOf(tenantId, message),
      vapiCallId: message.vapiCallId,
      assistantId: message.assistantId,
      callerNumber: message.kept.customerNumber ?? null,
    };
    const results = toolCallsOf(body).map(async (call, index) => {
      const said = index < MOST_TOOLS ? await useTool({ ...situation, call }) : TOO_MANY;
      return { toolCallId: call.id, name: call.name, result: oneLine(said) };
    });
    return { results: await Promise.all(results) };
  }

  return {
    async answer(tenantId, message, body) {
      switch (message.type) {
        case 'assistant-request':
          return assistantFor(routingOf(tenantId, message));
        case 'tool-calls':
          return await toolResults(tenantId, message, body);
        case 'transfer-destination-request':
          return personOf(routingOf(tenantId, message)) ?? { error: 'Nobody can be reached at the moment.' };
        case 'handoff-destination-request': {
          const assistantId = routingOf(tenantId, message)?.assistantId;
          return assistantId == null
            ? { error: 'There is no other assistant.' }
            : { destination: { type: 'assistant', assistantId } };
        }
        default:
          return undefined;
      }
    },
  };
}

function personOf(routing: NumberRouting | undefined): object | undefined {
  const person = routing?.plan.fallback.people[0];
  return person && { destination: { type: 'number', number: person.phone_number, message: 'One moment please.' } };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
