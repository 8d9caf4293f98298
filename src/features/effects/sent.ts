/** What left the house by mail and text, newest first: how it stands, never what it said. */
import { sql, type SqlBool, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Effect } from './store.ts';

export type SentKind = 'email' | 'sms';

export type Sent = Pick<Effect, 'id' | 'key' | 'state' | 'attempts' | 'correlationId' | 'createdAt' | 'updatedAt'> & {
  kind: SentKind;
  /** Under which the vendor knows it. */
  messageId: string | null;
  error: string | null;
};

export type SentFilter = {
  kind?: SentKind | undefined;
  states?: readonly string[] | undefined;
  before?: { time: Date; id: string } | undefined;
  most: number;
};

export async function listSent(trx: Transaction<Schema>, tenantId: string, filter: SentFilter): Promise<Sent[]> {
  const { kind, states, before, most } = filter;
  let query = trx
    .selectFrom('effects')
    .select(['id', 'key', 'kind', 'state', 'attempts', 'correlation_id', 'created_at', 'updated_at'])
    .select(sql<string | null>`outcome ->> 'messageId'`.as('message_id'))
    .select(sql<string | null>`outcome ->> 'error'`.as('error'))
    .where('tenant_id', '=', tenantId)
    // Written out, as the index has it.
    .where(sql<SqlBool>`kind in ('email', 'sms')`);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (states !== undefined) query = query.where('state', 'in', [...states]);
  if (before !== undefined) query = query.where(sql<SqlBool>`(created_at, id) < (${before.time}, ${before.id}::uuid)`);
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(most).execute();
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    kind: row.kind as SentKind,
    state: row.state as Effect['state'],
    attempts: row.attempts,
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    messageId: row.message_id,
    error: row.error,
  }));
}
