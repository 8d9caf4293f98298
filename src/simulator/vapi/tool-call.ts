import type { Holding } from './holding.ts';
import { messageOf, serverOf } from './messages.ts';
import { isObject } from './rules.ts';

type ToolCall = { name: string; arguments: Record<string, unknown> };

const USUAL_TIMEOUT_SECONDS = 20;

/** Has the server do something while the caller holds the line. Answers the sentence that the assistant makes of it. */
export async function useTool(holding: Holding, { name, arguments: given }: ToolCall): Promise<string> {
  const { parts, org, call, number, assistant, transcript, ear } = holding;
  const tool = findTool(holding, name);
  const id = `call_${parts.random.hex(8)}`;
  const asked = { id, type: 'function', function: { name, arguments: JSON.stringify(given) } };
  const definition = isObject(tool?.function) ? tool.function : { name };
  const more = {
    toolCallList: [asked],
    toolWithToolCallList: [{ type: 'function', function: definition, toolCall: asked }],
  };
  const server = serverOf(org, { tool, assistant, number });
  const message = messageOf(parts.world, { type: 'tool-calls', call, number, assistant, more });
  const timeoutMs = (server?.timeoutSeconds ?? USUAL_TIMEOUT_SECONDS) * 1000;
  const reply = await ear.hearWhile(
    'ai',
    'One moment, please.',
    parts.webhooks.ask({ org, server, message, timeoutMs }),
  );
  const result = resultOf(reply, id);
  transcript.addToolCall({ id, name, arguments: JSON.stringify(given) }, result);
  return result;
}

function resultOf(reply: Record<string, unknown> | undefined, id: string): string {
  const results = Array.isArray(reply?.results) ? (reply.results as Record<string, unknown>[]) : [];
  const found = results.find((one) => one.toolCallId === id);
  if (typeof found?.result === 'string') return found.result;
  return 'I could not do that just now.';
}

/** A tool of the assistant, written into it or saved by itself. */
function findTool({ org, assistant }: Holding, name: string): Record<string, unknown> | undefined {
  const model = isObject(assistant.model) ? assistant.model : {};
  const inline = Array.isArray(model.tools) ? (model.tools as unknown[]) : [];
  const ids = Array.isArray(model.toolIds) ? (model.toolIds as string[]) : [];
  const tools = [...inline, ...ids.map((id) => org.tools.find(id))].filter(isObject);
  return tools.find((tool) => isObject(tool.function) && tool.function.name === name);
}
