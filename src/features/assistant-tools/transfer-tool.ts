/**
 * Passing the caller on to a person. Vapi cannot do it for a call that came through AVA's front door, since the line
 * belongs to AVA; so AVA tells Twilio to leave the assistant and ring the people of the number's plan. Whether the line
 * is this tenant's is read from AVA's own note about the ringing, never from what the message says of itself.
 */
import type { Clock } from '../../clock.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { isOpenAt } from '../phone-numbers/business-hours.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';
import type { Said } from './calendar-tools.ts';
import { SAID } from './said.ts';

export type TransferDeps = {
  clock: Clock;
  twilio: Pick<TwilioRest, 'updateCall'>;
  twilioOf(tenantId: string): Promise<TwilioCredential | undefined>;
  /** The CallSid of a call that rang at this tenant's number and was given to this conversation of Vapi. */
  lineOf(tenantId: string, vapiCallId: string): Promise<string | undefined>;
  /** Absolute address of Twilio's webhooks. */
  webhooks: string;
};

export type TransferUse = { tenantId: string; routing: NumberRouting | undefined; vapiCallId: string | null };

const DEADLINE_MS = 5_000;

export function createTransfer(deps: TransferDeps) {
  return async ({ tenantId, routing, vapiCallId }: TransferUse): Promise<Said> => {
    if (routing === undefined || vapiCallId === null) return { said: SAID.notTransferable };
    if (!hasSomebody(routing, deps.clock.now())) return { said: SAID.nobody };
    const [credential, callSid] = [await deps.twilioOf(tenantId), await deps.lineOf(tenantId, vapiCallId)];
    if (credential === undefined || callSid === undefined) return { said: SAID.notTransferable };
    const next = { Url: `${deps.webhooks}/after?step=transfer&n=${routing.sid}`, Method: 'POST' };
    try {
      await deps.twilio.updateCall(credential, callSid, next, { lane: 'call', deadlineMs: DEADLINE_MS });
    } catch (error) {
      // Twilio's word for a call that is over.
      if (error instanceof UpstreamError && error.body?.code === '21220') return { said: SAID.callOver };
      throw error;
    }
    return { said: SAID.transferring };
  };
}

function hasSomebody({ plan }: NumberRouting, now: Date): boolean {
  return plan.fallback.people.length > 0 && isOpenAt(plan.business_hours, now);
}
