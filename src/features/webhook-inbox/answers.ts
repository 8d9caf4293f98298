/**
 * Answers that Vapi needs while a caller waits, from what this process knows already: never from a vendor, and never later
 * than Vapi's own limit.
 */
import type { Clock } from '../../clock.ts';
import { toolCallsOf, type ToolCall, type VapiMessage } from '../../providers/vapi/webhook.ts';
import { within } from '../../within.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';

export type Answers = { answer(tenantId: string, message: VapiMessage, body: unknown): Promise<object | undefined> };

export type AnswersDeps = {
  clock: Clock;
  findRouting(phoneNumberId: string | null, phoneNumber: string | undefined): NumberRouting | undefined;
  /** Does what a tool of an assistant asks for and resolves to one line; undefined when AVA has no such tool. */
  useTool(tenantId: string, call: ToolCall): Promise<string | undefined>;
};

const TOOL_LIMIT_MS = 8_000;
const UNAVAILABLE = 'Sorry, nobody can take your call right now. Please call again a little later.';

export function createAnswers({ clock, findRouting, useTool }: AnswersDeps): Answers {
  function routingOf(tenantId: string, message: VapiMessage): NumberRouting | undefined {
    const routing = findRouting(message.phoneNumberId, message.kept.calledNumber);
    return routing?.tenantId === tenantId ? routing : undefined;
  }

  /** The assistant of the number; without one the first person of its plan; without one a sentence. */
  function assistantFor(routing: NumberRouting | undefined): object {
    if (routing?.assistantId != null && routing.mode !== 'off') return { assistantId: routing.assistantId };
    return personOf(routing) ?? { error: UNAVAILABLE };
  }

  async function toolResults(tenantId: string, body: unknown): Promise<object> {
    const results = await Promise.all(toolCallsOf(body).map((call) => oneResult(tenantId, call)));
    return { results };
  }

  async function oneResult(tenantId: string, call: ToolCall): Promise<object> {
    const base = { toolCallId: call.id, name: call.name };
    try {
      const late = () => Promise.reject(new Error('it took too long'));
      const result = await within(clock, TOOL_LIMIT_MS, () => useTool(tenantId, call), late as never);
      if (result === undefined) return { ...base, error: 'This tool is not known to AVA.' };
      return { ...base, result: oneLine(result) };
    } catch {
      return { ...base, error: 'The tool did not work this time.' };
    }
  }

  return {
    async answer(tenantId, message, body) {
      switch (message.type) {
        case 'assistant-request':
          return assistantFor(routingOf(tenantId, message));
        case 'tool-calls':
          return await toolResults(tenantId, body);
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
