/**
 * Asks Vapi to take a call that rings at Twilio. The way to do it (`phoneCallProviderBypassEnabled`) stands in Vapi's
 * guides but not in its API document, so it is kept behind this one seam: an account that refuses the field is sent
 * the caller by a redirect to Vapi's own address for imported numbers.
 */
import type { Clock } from '../../clock.ts';
import { appendToTwiml, renderTwiml, verbsOfTwiml } from '../../providers/twilio/twiml.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';
import type { RouteReason } from './contract.ts';
import { createPatience, Silence } from './patience.ts';
import { callerNumber, type RingingCall } from './ringing.ts';

export type VapiAnswer = { twiml: string; vapiCallId: string | undefined };

/** Why Vapi does not take the call. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
  readonly reason: RouteReason;
  constructor(reason: RouteReason, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

export type AskVapiDeps = {
  vapi: Pick<Vapi, 'createCall'>;
  vapiBaseUrl: string;
  /** Absolute address of Twilio's webhooks. */
  webhooks: string;
  credentialOf(tenantId: string): Promise<VapiCredential | undefined>;
  twilioOf(tenantId: string): Promise<{ accountSid: string; authToken: string } | undefined>;
  clock: Clock;
};

export type AskVapi = (routing: NumberRouting, call: RingingCall, deadlineMs: number) => Promise<VapiAnswer>;

/** How long an account that refused the bypass is not asked for it again. */
const REDIRECT_FOR_MS = 600_000;

/** Rejects with `NotTaken`. */
export function createAskVapi(deps: AskVapiDeps): AskVapi {
  const { clock } = deps;
  const patience = createPatience({ clock });
  const redirectUntilMs = new Map<string, number>();

  async function ask(routing: NumberRouting, call: RingingCall, deadlineMs: number): Promise<VapiAnswer> {
    const credential = await deps.credentialOf(routing.tenantId);
    if (credential === undefined) throw new NotTaken('vapi_not_configured');
    if ((redirectUntilMs.get(credential.key) ?? 0) > clock.monotonicMs()) return redirect(routing);
    const fields = await callFields(routing, call);
    try {
      const created = await patience.ask(deadlineMs, () =>
        deps.vapi.createCall(credential, fields, { lane: 'call', deadlineMs }),
      );
      return accepted(deps, routing, created.id, created.phoneCallProviderDetails?.['twiml']);
    } catch (error) {
      if (!isBypassRefused(error)) throw error;
      redirectUntilMs.set(credential.key, clock.monotonicMs() + REDIRECT_FOR_MS);
      return redirect(routing);
    }
  }

  function redirect(routing: NumberRouting): VapiAnswer {
    if (routing.vapiPhoneNumberId === null) throw new NotTaken('number_not_at_vapi');
    const address = `${deps.vapiBaseUrl.replace(/(?<!\/)\/+$/, '')}/twilio/inbound_call`;
    return { twiml: renderTwiml([{ redirect: address }]), vapiCallId: undefined };
  }

  async function callFields(routing: NumberRouting, call: RingingCall): Promise<Record<string, unknown>> {
    const number = callerNumber(call);
    return {
      phoneCallProviderBypassEnabled: true,
      assistantId: routing.assistantId,
      customer: number === undefined ? { name: 'Withheld number' } : { number },
      ...(await calledNumber(routing)),
    };
  }

  async function calledNumber(routing: NumberRouting): Promise<Record<string, unknown>> {
    if (routing.vapiPhoneNumberId !== null) return { phoneNumberId: routing.vapiPhoneNumberId };
    const twilio = await deps.twilioOf(routing.tenantId);
    if (twilio === undefined) throw new NotTaken('number_not_at_vapi');
    const { accountSid: twilioAccountSid, authToken: twilioAuthToken } = twilio;
    return { phoneNumber: { twilioPhoneNumber: routing.phoneNumber, twilioAccountSid, twilioAuthToken } };
  }

  return async (routing, call, deadlineMs) => {
    try {
      return await ask(routing, call, deadlineMs);
    } catch (error) {
      throw error instanceof NotTaken ? error : new NotTaken(reasonOf(error), error);
    }
  };
}

/** Vapi's TwiML with the way back behind it: should the sound break off, Twilio comes to us. */
function accepted(deps: AskVapiDeps, routing: NumberRouting, id: string, twiml: unknown): VapiAnswer {
  if (typeof twiml !== 'string' || verbsOfTwiml(twiml) === undefined) throw new NotTaken('vapi_nonsense');
  const back = `${deps.webhooks}/after?step=ai&call=${id}&n=${routing.sid}`;
  return { twiml: appendToTwiml(twiml, [{ redirect: back }]), vapiCallId: id };
}

function isBypassRefused(error: unknown): boolean {
  return (
    error instanceof UpstreamError &&
    error.kind === 'invalid' &&
    error.detail.includes('phoneCallProviderBypassEnabled')
  );
}

function reasonOf(error: unknown): RouteReason {
  if (error instanceof Silence) return 'vapi_late';
  if (!(error instanceof UpstreamError)) return 'vapi_failed';
  if (error.kind === 'circuit_open') return 'circuit_open';
  if (error.kind === 'timeout') return 'vapi_late';
  if (error.kind === 'upstream' && error.detail.includes('shape')) return 'vapi_nonsense';
  if (error.kind === 'network' || error.kind === 'upstream' || error.kind === 'overloaded') return 'vapi_failed';
  return 'vapi_refused';
}
