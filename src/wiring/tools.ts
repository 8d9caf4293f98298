/** Makes the tools that assistants call while a caller waits. */
import {
  type AssistantTools,
  createAssistantTools,
  type ToolsDeps,
  type ToolUse,
} from '../features/assistant-tools/tools.ts';
import type { Clock } from '../clock.ts';
import type { Calls } from '../features/calls/calls.ts';
import type { Effects } from '../features/effects/effects.ts';
import type { NumberRouting, RoutingTable } from '../features/phone-numbers/routing.ts';

export type ToolDepsOptions = Omit<ToolsDeps, 'lineOf' | 'findRouting'> & {
  calls: Pick<Calls, 'findByVendorId' | 'getBrief'>;
  table: Pick<RoutingTable, 'all'>;
};

/** The note that the call rang is processed beside the talk: an assistant that passes on at once may be before it. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 150;

export function createToolDeps(options: ToolDepsOptions): AssistantTools {
  const { clock } = options;
  return createAssistantTools({
    ...options,
    findRouting: (use) => findRouting(options, use),
    async lineOf(tenantId, vapiCallId) {
      const untilMs = clock.monotonicMs() + PATIENCE_MS;
      for (;;) {
        const found = await lineOf(options, tenantId, vapiCallId);
        if (found !== undefined || clock.monotonicMs() >= untilMs) return found;
        await new Promise<void>((resolve) => void clock.setTimer(LOOK_EVERY_MS, resolve));
      }
    },
  });
}

type LookUps = { clock: Clock; calls: Pick<Calls, 'findByVendorId' | 'getBrief'>; effects: Pick<Effects, 'find'> };

/**
 * The line that AVA gave to this conversation. What a message says about its CallSid does not count, since tenants may
 * share an account at Twilio: the note that AVA made when the tenant's number rang must agree.
 */
async function lineOf({ calls, effects }: LookUps, tenantId: string, vapiCallId: string): Promise<string | undefined> {
  const callId = await calls.findByVendorId(tenantId, vapiCallId);
  if (callId === undefined) return undefined;
  const { twilio_call_sid: callSid } = await calls.getBrief(tenantId, callId);
  if (callSid === null) return undefined;
  const ring = await effects.find(tenantId, `ring:${callSid}`);
  return (ring?.outcome as { vapiCallId?: string } | null)?.vapiCallId === vapiCallId ? callSid : undefined;
}

/** The tenant's number that rings this assistant; where several do, the one that the call came to. */
async function findRouting(
  { calls, table }: Pick<ToolDepsOptions, 'calls' | 'table'>,
  { tenantId, assistantId, vapiCallId }: ToolUse,
): Promise<NumberRouting | undefined> {
  const own = table.all().filter((one) => one.tenantId === tenantId);
  const ringing = own.filter((one) => one.assistantId !== null && one.assistantId === assistantId);
  if (ringing.length === 1 || vapiCallId === null) return ringing[0];
  const callId = await calls.findByVendorId(tenantId, vapiCallId);
  const to = callId === undefined ? undefined : (await calls.getBrief(tenantId, callId)).to;
  return own.find((one) => one.phoneNumber === to) ?? ringing[0];
}
