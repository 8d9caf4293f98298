/**
 * One call, one question to Vapi, on however many replicas Twilio's repeats arrive. The claim is a row of the effect
 * ledger; while the database is away the call goes on without one, since a ringing call waits for nobody.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Effects } from '../effects/effects.ts';
import type { RouteReason } from './contract.ts';
import { within } from '../../within.ts';

export type Settled = { twiml: string; vapiCallId: string | undefined } | { reason: RouteReason };

export type Claims = { once(tenantId: string, callSid: string, ask: () => Promise<Settled>): Promise<Settled> };

const DATABASE_BUDGET_MS = 300;
const WAIT_FOR_OTHER_MS = 2_500;
const LOOK_EVERY_MS = 150;

export function createClaims({ effects, clock, log }: { effects: Effects; clock: Clock; log: Log }): Claims {
  /** Another replica asks at this moment, or died while it did. */
  async function waitForOther(tenantId: string, key: string): Promise<Settled> {
    const untilMs = clock.monotonicMs() + WAIT_FOR_OTHER_MS;
    while (clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => void clock.setTimer(LOOK_EVERY_MS, resolve));
      const effect = await effects.find(tenantId, key).catch(() => undefined);
      if (effect?.state === 'done') return effect.outcome as Settled;
    }
    return { reason: 'ava_failed' };
  }

  return {
    async once(tenantId, callSid, ask) {
      const key = `ring:${callSid}`;
      const claim = await within(
        clock,
        DATABASE_BUDGET_MS,
        () => effects.claim({ tenantId, key, kind: 'ring' }, { lane: 'call' }),
        () => undefined,
      ).catch((error: unknown) => {
        log.warn({ err: error }, 'A ringing call is answered without the database');
        return undefined;
      });
      if (claim === undefined) return await ask();
      if (!claim.isMine) {
        return claim.effect.state === 'done' ? (claim.effect.outcome as Settled) : await waitForOther(tenantId, key);
      }
      const settled = await ask();
      // The caller does not wait for this note; without it a repeat gets the fallback plan.
      void effects.settle(claim.effect, 'done', settled, { lane: 'call' }).catch(() => {});
      return settled;
    },
  };
}
