/**
 * Places a call, once. The order is in the effect ledger before Vapi hears of it, and carries its own id as the call's
 * name, so that an outcome that nobody knows is found in Vapi's list instead of being tried again.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { type Effect, type Effects, hadNoEffect, payloadOf } from '../effects/effects.ts';
import { takeBudget } from './budget-store.ts';
import { CALL_ERRORS, type CallDetail, type PlaceCall } from './contract.ts';
import { allowedCountries, refusalOf } from './destinations.ts';
import type { CallFact, Facts } from './fact.ts';
import { findPolicy } from './store.ts';
import type { Calls } from './calls.ts';

export type CallerLine = { phoneNumber: string; vapiPhoneNumberId: string | null };

export type PlaceDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  effects: Effects;
  calls: Pick<Calls, 'takeNow' | 'get' | 'findByVendorId'>;
  vapi: Pick<Vapi, 'createCall' | 'listCalls'>;
  credentialOf(tenantId: string): Promise<VapiCredential | undefined>;
  twilioOf(tenantId: string): Promise<{ accountSid: string; authToken: string } | undefined>;
  /** The number to call from; by its SID, or the first that can. */
  lineOf(tenantId: string, sid: string | undefined): Promise<CallerLine | undefined>;
  /** Countries of the tenant's own numbers, as phone numbers. */
  ownNumbers(tenantId: string): Promise<string[]>;
  /** Throws when there is none, or when it is not the tenant's. */
  assistantOf(tenantId: string, wanted: string | undefined): Promise<string>;
};

export type PlaceOrder = { tenantId: string; userId: string; input: PlaceCall; idempotencyKey: string | undefined };

const KIND = 'call.place';
const failCall = errorsOf(CALL_ERRORS);
const LIST_LAG_MS = 20_000;
const MOST_ATTEMPTS = 3;

type Order = { to: string; from: CallerLine; assistantId: string; customerName: string | undefined; userId: string };

export function createPlacing(deps: PlaceDeps) {
  const { db, clock, effects } = deps;

  /** Throws `destination_not_allowed`, `call_budget_used_up`, `no_number_to_call_from`. */
  async function checked({ tenantId, userId, input }: PlaceOrder): Promise<Order> {
    const policy = await db.asTenant(tenantId, findPolicy);
    const allowed = allowedCountries(policy?.countries ?? [], await deps.ownNumbers(tenantId));
    const refusal = refusalOf(input.to, allowed);
    if (refusal !== undefined) {
      throw failCall('destination_not_allowed', refusal, { fields: [{ field: 'to', message: refusal }] });
    }
    const from = await deps.lineOf(tenantId, input.number_sid);
    if (from === undefined) throw failCall('no_number_to_call_from', 'Connect a Twilio number first: Numbers.');
    const assistantId = await deps.assistantOf(tenantId, input.assistant_id);
    return { to: input.to, from, assistantId, customerName: input.customer_name, userId };
  }

  async function spend(tenantId: string, userId: string): Promise<void> {
    const now = clock.now();
    const isLeft = await db.asTenant(
      tenantId,
      async (trx) => await takeBudget(trx, { tenantId, userId, day: now.toISOString().slice(0, 10) }),
    );
    if (isLeft) return;
    const midnight = new Date(now).setUTCHours(24, 0, 0, 0);
    throw failCall('call_budget_used_up', "Today's calls are used up. The limits are in Settings → Calls.", {
      retryAfterSeconds: (midnight - now.getTime()) / 1000,
    });
  }

  /** Asks Vapi; what it resolves to is Vapi's id of the call. */
  async function dial(effect: Effect): Promise<{ vapiCallId: string }> {
    const order = payloadOf(effect) as Order;
    const credential = await credentialOf(effect.tenantId);
    const fields = {
      name: nameOf(effect),
      assistantId: order.assistantId,
      customer: { number: order.to, ...(order.customerName !== undefined && { name: order.customerName }) },
      ...(await fromFields(effect.tenantId, order.from)),
    };
    const call = await deps.vapi.createCall(credential, fields);
    return { vapiCallId: call.id };
  }

  async function fromFields(tenantId: string, from: CallerLine): Promise<Record<string, unknown>> {
    if (from.vapiPhoneNumberId !== null) return { phoneNumberId: from.vapiPhoneNumberId };
    const twilio = await deps.twilioOf(tenantId);
    if (twilio === undefined) throw fail('twilio_not_configured', 'Connect Twilio first: Integrations → Twilio.');
    const { accountSid: twilioAccountSid, authToken: twilioAuthToken } = twilio;
    return { phoneNumber: { twilioPhoneNumber: from.phoneNumber, twilioAccountSid, twilioAuthToken } };
  }

  async function credentialOf(tenantId: string): Promise<VapiCredential> {
    const credential = await deps.credentialOf(tenantId);
    if (credential === undefined)
      throw fail('vapi_not_configured', 'No Vapi API key is configured. Enter it in Settings → Vapi.');
    return credential;
  }

  async function tell(effect: Effect, name: string, facts: Facts): Promise<void> {
    const at = clock.now();
    const fact: CallFact = {
      key: `ava:${name}:${effect.id}`,
      at,
      source: 'ava',
      name,
      correlationId: effect.correlationId,
      facts: { ...facts, avaId: effect.id, direction: 'outbound' },
    };
    await deps.calls.takeNow(effect.tenantId, [fact]);
  }

  async function attempt(effect: Effect): Promise<{ vapiCallId: string }> {
    try {
      const { vapiCallId } = await dial(effect);
      await tell(effect, 'placed', { vapiCallId, status: 'queued' });
      return { vapiCallId };
    } catch (error) {
      if (hadNoEffect(error) || !(error instanceof UpstreamError))
        await tell(effect, 'refused', { isOver: true, endedReason: 'call-refused' });
      throw error;
    }
  }

  /** Looks an order up in Vapi's list whose outcome nobody knows, and places it when it certainly is not there. */
  async function settleOne(effect: Effect): Promise<void> {
    const credential = await credentialOf(effect.tenantId);
    const since = new Date(effect.createdAt.getTime() - 60_000).toISOString();
    const listed = await deps.vapi.listCalls(credential, { createdAtGe: since }, { lane: 'job' });
    const found = listed.find((call) => call['name'] === nameOf(effect));
    if (found !== undefined) {
      if (!(await effects.settle(effect, 'done', { vapiCallId: found.id }))) return;
      return await tell(effect, 'placed', { vapiCallId: found.id, status: 'queued' });
    }
    if (effect.attempts >= MOST_ATTEMPTS) {
      const outcome = { payload: payloadOf(effect), error: 'it was never placed' };
      if (!(await effects.settle(effect, 'refused', outcome))) return;
      return await tell(effect, 'refused', { isOver: true, endedReason: 'call-refused' });
    }
    // Another round may be at the same orders: what it has moved since is its own.
    if (!(await effects.settle(effect, 'planned', payloadOf(effect)))) return;
    await effects.once({ tenantId: effect.tenantId, key: effect.key, kind: KIND }, attempt);
  }

  return {
    /** Resolves to the call; its status is `placing` when Vapi's answer was lost. */
    async place(order: PlaceOrder): Promise<CallDetail> {
      const { tenantId, userId, idempotencyKey } = order;
      const payload = await checked(order);
      const key = `${KIND}:${userId}:${idempotencyKey ?? randomUUID()}`;
      const known = await effects.find(tenantId, key);
      if (known === undefined) await spend(tenantId, userId);
      let effectId = known?.id;
      const act = async (effect: Effect) => {
        effectId = effect.id;
        await tell(effect, 'placing', {
          status: 'placing',
          from: payload.from.phoneNumber,
          to: payload.to,
          customerName: payload.customerName,
          assistantId: payload.assistantId,
        });
        return await attempt(effect);
      };
      await effects.once({ tenantId, key, kind: KIND, payload }, act).catch((error: unknown) => {
        // Nobody knows: the call is shown as being placed, and a job finds out.
        if (!(error instanceof UpstreamError) || hadNoEffect(error)) throw error;
        deps.log.warn({ err: error }, "Vapi's answer to an order for a call was lost; its list will tell");
      });
      const callId = effectId === undefined ? undefined : await deps.calls.findByVendorId(tenantId, effectId);
      if (callId === undefined)
        throw fail('idempotency_in_progress', 'This call is being placed already.', { retryAfterSeconds: 1 });
      return await deps.calls.get(tenantId, callId);
    },

    /** Finds out what became of orders whose outcome is unknown. `lagMs`: how long a list may be behind. */
    async settle(lagMs = LIST_LAG_MS): Promise<number> {
      const open = await effects.due(KIND, 'open', lagMs);
      for (const effect of open) {
        await settleOne(effect).catch((error: unknown) =>
          deps.log.warn(
            { err: error, effect: effect.id },
            'What became of an outbound call could not be found out yet',
          ),
        );
      }
      return open.length;
    },
  };
}

/** At most 40 characters, as Vapi wants it. */
function nameOf(effect: Effect): string {
  return `ava-${effect.id}`;
}
