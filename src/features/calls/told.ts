/** After the call: exactly one mail to the owners, when there is something to tell. */
import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Log } from '../../log.ts';
import type { Clock } from '../../clock.ts';
import { type Effect, type Effects, payloadOf } from '../effects/effects.ts';
import type { Applied } from './apply.ts';
import type { CallDetail, CallOutcome } from './contract.ts';

export type CallMail = {
  assistant: string;
  callerNumber: string | null;
  startedAt: Date;
  durationSeconds: number;
  outcome: string;
  summary: string | null;
  url: string;
};

export type ToldDeps = {
  clock: Clock;
  effects: Effects;
  log: Log;
  publicUrl: string;
  getCall(tenantId: string, callId: string): Promise<CallDetail>;
  /** Whom a tenant wants to be told. */
  ownersOf(tenantId: string): Promise<string[]>;
  assistantName(tenantId: string, assistantId: string | null): Promise<string>;
  send(mail: { tenantId: string; to: string; effectKey: string; call: CallMail }): Promise<unknown>;
};

const KIND = 'call.told';
const LEFT_LYING_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
/** Four hours in all, then somebody has to look. */
const MOST_ATTEMPTS = 10;

const OUTCOMES: Record<CallOutcome, string> = {
  ai: 'taken by the assistant',
  person: 'taken by a person',
  voicemail: 'left a message',
  sentence: 'heard that nobody is there',
  nobody: 'reached nobody',
  failed: 'failed',
};

export function createTold({ clock, effects, log, ...deps }: ToldDeps) {
  async function tell(tenantId: string, callId: string): Promise<object> {
    const call = await deps.getCall(tenantId, callId);
    const owners = await deps.ownersOf(tenantId);
    const mail: CallMail = {
      assistant: await deps.assistantName(tenantId, call.assistant_id),
      callerNumber: call.direction === 'inbound' ? call.from : call.to,
      startedAt: new Date(call.started_at),
      durationSeconds: call.duration_seconds ?? 0,
      outcome: OUTCOMES[call.outcome ?? 'nobody'],
      summary:
        call.summary ?? (call.outcome === 'voicemail' ? 'The caller left a message. Listen to it in AVA.' : null),
      url: `${deps.publicUrl}/calls/${call.id}`,
    };
    for (const to of owners) await deps.send({ tenantId, to, effectKey: `call:${callId}:${to}`, call: mail });
    return { told: owners.length };
  }

  /**
   * Somebody was at it and died, or the mail was refused before it left. It is safe to begin again: each mail has a key
   * of its own, and one that may have left is not sent twice. The waits double, and after the last attempt it is done
   * with: the timeline of the call says `given up`, and so does the log.
   */
  async function takeUpAgain(): Promise<void> {
    for (const effect of await effects.due(KIND, 'unfinished', LEFT_LYING_MS)) {
      if (effect.attempts >= MOST_ATTEMPTS) await giveUp(effect);
      else if (hasWaited(effect)) await effects.settle(effect, 'planned', payloadOf(effect), { lane: 'job' });
    }
  }

  function hasWaited({ attempts, updatedAt }: Effect): boolean {
    const waitMs = Math.min(LONGEST_WAIT_MS, LEFT_LYING_MS * 2 ** Math.max(0, attempts - 1));
    return clock.now().getTime() - updatedAt.getTime() >= waitMs;
  }

  async function giveUp(effect: Effect): Promise<void> {
    const { callId } = payloadOf(effect) as { callId: string };
    await effects.settle(effect, 'given_up', { payload: { callId } }, { lane: 'job' });
    log.error(
      { call: callId, attempts: effect.attempts },
      'The owners were never told of a call: every attempt failed',
    );
  }

  return {
    /** Puts the mail on its way in the transaction that ended the call. */
    async plan(trx: Transaction<Schema>, tenantId: string, ended: readonly Applied[]): Promise<void> {
      for (const { callId } of ended) {
        await effects.plan(trx, { tenantId, key: `${KIND}:${callId}`, kind: KIND, payload: { callId } });
      }
      await trx
        .updateTable('calls')
        .set({ told_owner: true })
        .where(
          'id',
          'in',
          ended.map(({ callId }) => callId),
        )
        .execute();
    },

    /** Sends what is on its way; resolves to how many calls were told of. */
    async run(): Promise<number> {
      // One that cannot be taken up again holds up no other.
      await takeUpAgain().catch((error: unknown) => log.warn({ err: error }, 'Refused mails about calls wait'));
      const due = await effects.due(KIND, 'planned');
      for (const effect of due) {
        const { callId } = payloadOf(effect) as { callId: string };
        const order = { tenantId: effect.tenantId, key: effect.key, kind: KIND };
        await effects
          .once(order, () => tell(effect.tenantId, callId), { lane: 'job' })
          .catch((error: unknown) => log.warn({ err: error, call: callId }, 'The owners could not be told of a call'));
      }
      return due.length;
    },
  };
}
