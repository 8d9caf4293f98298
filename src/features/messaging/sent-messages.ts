/** What the house has sent by mail and text, for people to see: to whom cut down, about which call, and how it stands. */
import type { Database } from '../../db/connect.ts';
import { readCursor, writeCursor } from '../../http/cursor.ts';
import { listSent, type Sent } from '../effects/sent.ts';
import { discreet } from '../timeline/discreet.ts';
import type { MessageState, SentMessage, SentMessageChannel } from './contract.ts';

export type SentQuery = {
  channel?: SentMessageChannel | undefined;
  state?: MessageState | undefined;
  cursor?: string | undefined;
  limit: number;
};

export type SentMessages = ReturnType<typeof createSentMessages>;

const STATES: Record<Sent['state'], MessageState> = {
  planned: 'waiting',
  started: 'waiting',
  done: 'sent',
  refused: 'refused',
  unknown: 'unknown',
  given_up: 'given_up',
};

export function createSentMessages({ db }: { db: Database }) {
  return {
    async list(tenantId: string, { channel, state, cursor, limit }: SentQuery) {
      const filter = { kind: channel, states: statesOf(state), before: readCursor(cursor), most: limit + 1 };
      const found = await db.asTenant(tenantId, (trx) => listSent(trx, tenantId, filter));
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const isMore = found.length > limit && last !== undefined;
      return {
        messages: page.map(toMessage),
        nextCursor: isMore ? writeCursor({ time: last.createdAt, id: last.id }) : null,
      };
    },
  };
}

function statesOf(state: MessageState | undefined): string[] | undefined {
  if (state === undefined) return undefined;
  return Object.keys(STATES).filter((name) => STATES[name as Sent['state']] === state);
}

/** The key of a mail or text about a call names the call and the recipient. */
const ABOUT_A_CALL = /^\w+:call:([0-9a-f-]{36}):(.+)$/;

function toMessage(sent: Sent): SentMessage {
  const [, callId, to] = ABOUT_A_CALL.exec(sent.key) ?? [];
  return {
    id: sent.id,
    channel: sent.kind,
    state: STATES[sent.state],
    to: to === undefined ? null : discreet(to),
    call_id: callId ?? null,
    message_id: sent.messageId,
    problem: sent.error === null ? null : discreet(sent.error),
    attempts: sent.attempts,
    correlation_id: sent.correlationId,
    created_at: sent.createdAt.toISOString(),
    updated_at: sent.updatedAt.toISOString(),
  };
}
