/**
 * The effect ledger: every action outside AVA has a unique key and happens once. Whoever claims a key acts; everybody
 * else gets the outcome. When nobody knows whether it happened (a crash, a lost answer) it stays `unknown` until
 * somebody asks the vendor; it is never blindly repeated.
 */
import type { Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import { currentCorrelationId } from '../../correlation.ts';
import type { Database, LaneName } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { claimEffect, type Effect, findDue, findEffect, planEffect, settleEffect } from './store.ts';

export type { Effect } from './store.ts';

export type EffectOrder = { tenantId: string; key: string; kind: string; payload?: unknown };
export type EffectResult = { state: 'done' | 'refused' | 'unknown' | 'busy'; outcome: unknown };

export type Effects = {
  /** Puts an action on its way within `trx`; false when its key is known already. */
  plan(trx: Transaction<Schema>, order: EffectOrder): Promise<boolean>;
  /**
   * Does it now, unless it was done before. `act` gets the payload; what it resolves to is kept as the outcome. A failure that
   * certainly had no effect makes it `refused`, any other `unknown`; both are thrown on. `busy`: somebody else is at it.
   */
  once(
    order: EffectOrder,
    act: (effect: Effect) => Promise<unknown>,
    options?: { lane?: LaneName },
  ): Promise<EffectResult>;
  /** Takes the key without acting; `isMine` false tells how it stands with somebody else. */
  claim(order: EffectOrder, options?: { lane?: LaneName }): Promise<{ effect: Effect; isMine: boolean }>;
  find(tenantId: string, key: string): Promise<Effect | undefined>;
  /**
   * Says how an effect ended whose outcome was not known. Of what was seen a while ago: false, and nothing is changed, where
   * somebody else has moved it since. Who would act upon it must not act then.
   */
  settle(
    effect: Pick<Effect, 'tenantId' | 'id' | 'state' | 'attempts'>,
    state: 'done' | 'refused' | 'unknown' | 'planned' | 'given_up',
    outcome: unknown,
    options?: { lane?: LaneName },
  ): Promise<boolean>;
  /**
   * Effects of one kind that wait, oldest first: planned ones; those whose outcome nobody has known for `afterMs`
   * (`open`); or these and the refused ones too (`unfinished`).
   */
  due(kind: string, which: 'planned' | 'open' | 'unfinished', afterMs?: number): Promise<Effect[]>;
};

const BATCH = 100;

const STATES_OF = {
  planned: ['planned'],
  open: ['started', 'unknown'],
  unfinished: ['started', 'unknown', 'refused'],
};

export function createEffects({ db, clock }: { db: Database; clock: Clock }): Effects {
  const settle: Effects['settle'] = async (seen, state, outcome, { lane = 'api' } = {}) =>
    await db.lane(lane).asTenant(seen.tenantId, (trx) => settleEffect(trx, seen, { state, outcome, now: clock.now() }));

  const claim: Effects['claim'] = (order, { lane = 'api' } = {}) => {
    const wanted = { ...order, correlationId: currentCorrelationId(), now: clock.now() };
    return db.lane(lane).asTenant(order.tenantId, (trx) => claimEffect(trx, wanted));
  };

  return {
    claim,
    plan: (trx, order) => planEffect(trx, { ...order, correlationId: currentCorrelationId(), now: clock.now() }),

    async once(order, act, { lane = 'api' } = {}) {
      const { effect, isMine } = await claim(order, { lane });
      if (!isMine) return { state: resultOf(effect), outcome: effect.outcome };
      try {
        const outcome = await act(effect);
        await settle(effect, 'done', outcome);
        return { state: 'done', outcome };
      } catch (error) {
        const outcome = { payload: payloadOf(effect), error: textOf(error) };
        await settle(effect, hadNoEffect(error) ? 'refused' : 'unknown', outcome);
        throw error;
      }
    },

    find: (tenantId, key) => db.asTenant(tenantId, (trx) => findEffect(trx, key)),
    settle,

    async due(kind, which, afterMs = 0) {
      const moment = new Date(clock.now().getTime() - afterMs);
      return findDue(db, { kind, states: STATES_OF[which], moment, most: BATCH });
    },
  };
}

/** What an effect was ordered with, also after a failure. */
export function payloadOf(effect: Effect): unknown {
  const { outcome } = effect as { outcome: { payload?: unknown } | null };
  return outcome !== null && typeof outcome === 'object' && 'payload' in outcome ? outcome.payload : outcome;
}

function resultOf(effect: Effect): EffectResult['state'] {
  if (effect.state === 'given_up') return 'refused';
  return effect.state === 'done' || effect.state === 'refused' || effect.state === 'unknown' ? effect.state : 'busy';
}

const NO_EFFECT = new Set([
  'circuit_open',
  'overloaded',
  'auth',
  'not_found',
  'invalid',
  'conflict',
  'billing',
  'rate_limited',
]);

/** Whether it is certain that the vendor did nothing. */
export function hadNoEffect(error: unknown): boolean {
  return error instanceof UpstreamError ? !error.connected || NO_EFFECT.has(error.kind) : false;
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
