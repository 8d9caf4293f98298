/**
 * Text messages that leave the house: each once. Twilio knows no idempotency keys, so after a lost answer its list is
 * asked whether the message left, once the list may be believed; only one that certainly is not there is sent again.
 */
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Effect, EffectOrder, Effects } from '../effects/effects.ts';

export type TextMessagesDeps = {
  config: Pick<Config, 'stubMode'>;
  clock: Clock;
  effects: Effects;
  twilio: Pick<TwilioRest, 'createMessage' | 'listMessages'>;
  credentialOf(tenantId: string): Promise<TwilioCredential | undefined>;
};

export type TextMessage = {
  tenantId: string;
  to: string;
  from: string;
  body: string;
  /** A part of the body that no other message has. */
  mark: string;
  /** The same key is the same message. */
  effectKey: string;
};

/** `refused`: Twilio will not take it, now or later. */
export type TextOutcome = { state: 'sent'; messageId: string } | { state: 'stub' | 'not_configured' | 'refused' };

export type TextMessages = {
  /** Sends a text from a job. Rejects with an `UpstreamError`, also while nobody knows whether it left: then ask again. */
  sendText(message: TextMessage): Promise<TextOutcome>;
  /** Whether this message was tried before. */
  isKnown(tenantId: string, effectKey: string): Promise<boolean>;
};

const KIND = 'sms';
/** How long Twilio's list may be behind, and somebody else at work. */
const LAG_MS = 60_000;
const MOST_ATTEMPTS = 3;
const MOST_LISTED = 500;
/** Refusals that another attempt would meet again: a recipient who opted out, a number that takes no text. */
const FINAL = new Set(['invalid', 'not_found', 'conflict']);
const LANE = { lane: 'job' } as const;

export function createTextMessages({ config, clock, effects, twilio, credentialOf }: TextMessagesDeps): TextMessages {
  const keyOf = (effectKey: string) => `${KIND}:${effectKey}`;

  async function attempt(credential: TwilioCredential, message: TextMessage): Promise<TextOutcome> {
    const order = { tenantId: message.tenantId, key: keyOf(message.effectKey), kind: KIND };
    try {
      const result = await effects.once(order, () => send(credential, message), LANE);
      if (result.state === 'done') return { state: 'sent', ...(result.outcome as { messageId: string }) };
      if (result.state === 'refused') return { state: 'refused' };
    } catch (error) {
      if (!(error instanceof UpstreamError) || !FINAL.has(error.kind)) throw error;
      await giveUp(order, error.message);
      return { state: 'refused' };
    }
    return await findOut(credential, message, order);
  }

  async function send(credential: TwilioCredential, { to, from, body }: TextMessage): Promise<{ messageId: string }> {
    const { sid } = await twilio.createMessage(credential, { To: to, From: from, Body: body }, LANE);
    return { messageId: sid };
  }

  async function giveUp(order: EffectOrder, error: string): Promise<void> {
    const effect = await effects.find(order.tenantId, order.key);
    if (effect !== undefined) await effects.settle(effect, 'given_up', { error }, LANE);
  }

  /** The answer was lost, or somebody died on the way to it. */
  async function findOut(credential: TwilioCredential, message: TextMessage, order: EffectOrder): Promise<TextOutcome> {
    const effect = await effects.find(order.tenantId, order.key);
    if (effect === undefined || isFresh(effect)) throw notKnownYet();
    const filter = { To: message.to, From: message.from };
    const listed = await twilio.listMessages(credential, filter, { ...LANE, most: MOST_LISTED });
    const found = listed.find(({ body }) => body?.includes(message.mark) === true);
    if (found !== undefined) {
      await effects.settle(effect, 'done', { messageId: found.sid }, LANE);
      return { state: 'sent', messageId: found.sid };
    }
    if (effect.attempts >= MOST_ATTEMPTS) {
      await giveUp(order, 'no attempt is in the list of messages');
      return { state: 'refused' };
    }
    if (!(await effects.settle(effect, 'planned', null, LANE))) throw notKnownYet();
    return await attempt(credential, message);
  }

  function isFresh({ updatedAt }: Effect): boolean {
    return clock.now().getTime() - updatedAt.getTime() < LAG_MS;
  }

  return {
    async sendText(message) {
      if (config.stubMode) return { state: 'stub' };
      const credential = await credentialOf(message.tenantId);
      if (credential === undefined) return { state: 'not_configured' };
      return await attempt(credential, message);
    },
    isKnown: async (tenantId, effectKey) => (await effects.find(tenantId, keyOf(effectKey))) !== undefined,
  };
}

function notKnownYet(): UpstreamError {
  return new UpstreamError({
    kind: 'timeout',
    upstream: 'twilio',
    connected: true,
    detail: 'nobody knows yet whether the text message left',
  });
}
