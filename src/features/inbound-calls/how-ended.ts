/**
 * Twilio came back after the assistant: had the talk come to its end, or did the sound break off? What Vapi has told us
 * already decides; else Vapi is asked, within the seconds that a caller can stand in silence.
 */
import type { Clock } from '../../clock.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { within } from '../../within.ts';

export type HowEnded = (tenantId: string, vapiCallId: string) => Promise<'finished' | 'dropped'>;

export type HowEndedDeps = {
  clock: Clock;
  vapi: Pick<Vapi, 'getCall'>;
  credentialOf(tenantId: string): Promise<VapiCredential | undefined>;
  /** The reason that Vapi's webhooks gave for the end, as far as they came. */
  toldReason(tenantId: string, vapiCallId: string): Promise<string | undefined>;
  isFault(reason: string): boolean;
};

const BUDGET_MS = 2_000;
const LOOK_EVERY_MS = 150;

export function createHowEnded(deps: HowEndedDeps): HowEnded {
  const { clock } = deps;

  async function askedReason(tenantId: string, vapiCallId: string, deadlineMs: number): Promise<string | undefined> {
    const credential = await deps.credentialOf(tenantId);
    if (credential === undefined) return undefined;
    const call = await deps.vapi.getCall(credential, vapiCallId, { lane: 'call', deadlineMs });
    return call.status === 'ended' ? (call.endedReason ?? 'unknown') : undefined;
  }

  async function find(tenantId: string, vapiCallId: string): Promise<'finished' | 'dropped'> {
    const untilMs = clock.monotonicMs() + BUDGET_MS;
    let asking: Promise<void> | undefined;
    let asked: string | undefined;
    while (clock.monotonicMs() < untilMs) {
      const told = await deps.toldReason(tenantId, vapiCallId).catch(() => undefined);
      const reason = told ?? asked;
      if (reason !== undefined) return deps.isFault(reason) ? 'dropped' : 'finished';
      asking ??= askedReason(tenantId, vapiCallId, untilMs - clock.monotonicMs())
        .then((answer) => {
          asked = answer;
          // Still under way, says Vapi: it may be about to end.
          if (answer === undefined) asking = undefined;
        })
        .catch(() => {});
      await Promise.race([asking, new Promise<void>((resolve) => void clock.setTimer(LOOK_EVERY_MS, resolve))]);
      if (asked === undefined) await new Promise<void>((resolve) => void clock.setTimer(LOOK_EVERY_MS, resolve));
    }
    return 'dropped';
  }

  // Also when neither Vapi nor our own database says anything.
  return (tenantId, vapiCallId) =>
    within(
      clock,
      BUDGET_MS,
      () => find(tenantId, vapiCallId),
      () => 'dropped',
    );
}
