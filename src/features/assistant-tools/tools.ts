/**
 * What an assistant can have AVA do while a caller waits. The answer is always a sentence that helps the caller on: an
 * assistant that is told of an error says so, and nobody should hear that. What has an effect outside happens once for
 * each tool call, however often Vapi sends it.
 */
import type { Log } from '../../log.ts';
import type { ToolCall } from '../../providers/vapi/webhook.ts';
import { type Effects, payloadOf } from '../effects/effects.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';
import { type CalendarToolsDeps, createCalendarTools, type Said } from './calendar-tools.ts';
import { isToolName } from './definitions.ts';
import { isUncertain, SAID, sayRefusal } from './said.ts';
import { createTransfer, type TransferDeps } from './transfer-tool.ts';
import { within } from '../../within.ts';

export type ToolUse = {
  tenantId: string;
  call: ToolCall;
  /** The number that was called, where the message says so and it is the tenant's. */
  routing: NumberRouting | undefined;
  vapiCallId: string | null;
  assistantId: string | null;
  callerNumber: string | null;
};

export type AssistantTools = {
  /** Does what the assistant asks for; resolves to what it is told, within seconds, and never rejects. */
  use(use: ToolUse): Promise<string>;
};

export type ToolsDeps = CalendarToolsDeps &
  TransferDeps & {
    log: Log;
    effects: Effects;
    /** The number that was called, where the message does not say so. */
    findRouting(use: ToolUse): Promise<NumberRouting | undefined>;
  };

/** Vapi waits 20 s for the assistant's server; a caller in silence waits less. */
const LIMIT_MS = 8_000;
const KIND = 'assistant.tool';
/** After this time nobody is at it any more: the process died, or the database was away. */
const LEFT_LYING_MS = 20_000;
const LOOK_EVERY_MS = 250;

export function createAssistantTools(deps: ToolsDeps): AssistantTools {
  const { clock, log, effects } = deps;
  const calendar = createCalendarTools(deps);
  const transfer = createTransfer(deps);

  async function answer(use: ToolUse): Promise<Said> {
    if (!isToolName(use.call.name)) return { said: SAID.unknownTool };
    const { tenantId, callerNumber, vapiCallId, call } = use;
    const routing = use.routing ?? (await deps.findRouting(use));
    const hours = routing?.plan.business_hours ?? null;
    const given = { tenantId, hours, callerNumber, vapiCallId, arguments: call.arguments };
    if (call.name === 'check_availability') return await calendar.checkAvailability(given);
    const key = `tool:${vapiCallId ?? 'none'}:${call.id}`;
    if (call.name === 'book_appointment') return await once(use, key, () => calendar.bookAppointment(given, key));
    return await once(use, key, () => transfer({ tenantId, routing, vapiCallId }));
  }

  /** Both effects know their key at the vendor, so one that was left in the middle may be taken up again. */
  async function once({ tenantId, call }: ToolUse, key: string, act: () => Promise<Said>): Promise<Said> {
    const order = { tenantId, key, kind: KIND, payload: { tool: call.name, tool_call_id: call.id } };
    const untilMs = clock.monotonicMs() + LIMIT_MS;
    for (;;) {
      const result = await effects.once(order, act, { lane: 'call' });
      if (result.state === 'done') return result.outcome as Said;
      if (clock.monotonicMs() >= untilMs) return { said: SAID.uncertain };
      if (!(await freeAgain(tenantId, key))) {
        await new Promise<void>((resolve) => void clock.setTimer(LOOK_EVERY_MS, resolve));
      }
    }
  }

  async function freeAgain(tenantId: string, key: string): Promise<boolean> {
    const effect = await effects.find(tenantId, key);
    if (effect === undefined) return true;
    const isLeftLying = clock.now().getTime() - effect.updatedAt.getTime() > LEFT_LYING_MS;
    if (effect.state !== 'unknown' && !(effect.state === 'started' && isLeftLying)) return false;
    return await effects.settle(effect, 'planned', payloadOf(effect), { lane: 'call' });
  }

  function sayError(use: ToolUse, error: unknown): Said {
    log.warn({ err: error, tool: use.call.name, vapi_call_id: use.vapiCallId }, 'A tool of an assistant did not work');
    if (use.call.name === 'book_appointment' && isUncertain(error)) return { said: SAID.uncertain };
    return { said: sayRefusal(error) ?? SAID.failed };
  }

  return {
    async use(use) {
      const working = () => answer(use).catch((error: unknown) => sayError(use, error));
      const { said } = await within(clock, LIMIT_MS, working, () => ({ said: SAID.late }));
      return said;
    },
  };
}
