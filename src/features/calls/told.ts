/** After the call: exactly one mail to the owners, and one text message to whoever wants it. */
import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Log } from '../../log.ts';
import type { Clock } from '../../clock.ts';
import { numberOf } from '../../providers/twilio/caller-number.ts';
import { type Effect, type Effects, payloadOf } from '../effects/effects.ts';
import type { Applied } from './applied.ts';
import type { CallDetail, CallOutcome } from './contract.ts';

export type CallStory = {
  assistant: string | null;
  callerNumber: string | null;
  callerName: string | null;
  startedAt: Date;
  durationSeconds: number;
  outcome: string;
  isVoicemail: boolean;
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
  assistantName(tenantId: string, assistantId: string | null): Promise<string | null>;
  send(mail: { tenantId: string; to: string; effectKey: string; call: CallStory }): Promise<unknown>;
  /** Texts whom the tenant chose; resolves to how many. */
  text(tenantId: string, call: CallDetail, story: CallStory): Promise<number>;
  /** Nobody will be told any more. */
  onGivenUp(): void;
};

export const KIND = 'call.told';
const LEFT_LYING_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
/** Four hours in all, then somebody has to look. */
const MOST_ATTEMPTS = 10;
/** How long a message may still be heard of that was left at the end of a call. */
const MESSAGE_LAG_MS = 30_000;

type Planned = { callId: string; mayBringMessage?: true };

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
    const story = await storyOf(tenantId, call);
    const mail = (to: string) => deps.send({ tenantId, to, effectKey: `call:${callId}:${to}`, call: story });
    // Whichever fails, the others leave; what left does not leave again when this is taken up once more.
    const [texted, ...mailed] = await Promise.allSettled([deps.text(tenantId, call, story), ...owners.map(mail)]);
    for (const one of mailed) if (one.status === 'rejected') throw one.reason;
    if (texted.status === 'rejected') throw texted.reason;
    return { told: owners.length, texted: texted.value };
  }

  async function storyOf(tenantId: string, call: CallDetail): Promise<CallStory> {
    const caller = call.direction === 'inbound' ? call.from : call.to;
    return {
      assistant: await deps.assistantName(tenantId, call.assistant_id),
      callerNumber: (caller === null ? undefined : numberOf(caller)) ?? null,
      callerName: call.customer_name,
      startedAt: new Date(call.started_at),
      durationSeconds: call.duration_seconds ?? 0,
      outcome: OUTCOMES[call.outcome ?? 'nobody'],
      isVoicemail: call.outcome === 'voicemail',
      summary: call.summary,
      url: `${deps.publicUrl}/calls/${call.id}`,
    };
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
    const { callId } = payloadOf(effect) as Planned;
    if (!(await effects.settle(effect, 'given_up', { payload: { callId } }, { lane: 'job' }))) return;
    deps.onGivenUp();
    log.error(
      { call: callId, attempts: effect.attempts },
      'The owners were never told of a call: every attempt failed',
    );
  }

  async function tellOnce(effect: Effect, callId: string): Promise<void> {
    if (await isEarly(effect)) return;
    const order = { tenantId: effect.tenantId, key: effect.key, kind: KIND };
    await effects.once(order, () => tell(effect.tenantId, callId), { lane: 'job' });
  }

  /** A mail that says `reached nobody` cannot be called back when the message is heard of a moment later. */
  async function isEarly(effect: Effect): Promise<boolean> {
    const { callId, mayBringMessage } = payloadOf(effect) as Planned;
    const ageMs = clock.now().getTime() - effect.createdAt.getTime();
    if (mayBringMessage !== true || ageMs >= MESSAGE_LAG_MS) return false;
    return (await deps.getCall(effect.tenantId, callId)).outcome !== 'voicemail';
  }

  return {
    /** Puts the mail on its way in the transaction that ended the call. */
    async plan(trx: Transaction<Schema>, tenantId: string, ended: readonly Applied[]): Promise<void> {
      for (const { callId, after } of ended) {
        const payload: Planned = { callId, ...(after.mayBringMessage && { mayBringMessage: true }) };
        await effects.plan(trx, { tenantId, key: `${KIND}:${callId}`, kind: KIND, payload });
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
        const { callId } = payloadOf(effect) as Planned;
        await tellOnce(effect, callId).catch((error: unknown) =>
          log.warn({ err: error, call: callId }, 'The owners could not be told of a call'),
        );
      }
      return due.length;
    },
  };
}
