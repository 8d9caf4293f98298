/** What the ledger of vendors' messages keeps about an id or a call. */
import type { Selectable, Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { WebhookEventsTable } from '../../db/schema-calls.ts';
import type { Schema } from '../../db/schema.ts';

type Row = Omit<Selectable<WebhookEventsTable>, 'kept' | 'dedupe_key' | 'due_at'>;
export type MessageFacts = Row;

export type MessageClues = {
  ids: readonly string[];
  correlationIds: readonly string[];
  vapiCallIds: readonly string[];
  twilioCallSids: readonly string[];
};

const COLUMNS = [
  ...['tenant_id', 'id', 'vendor', 'type', 'state', 'vapi_call_id', 'twilio_call_sid', 'correlation_id'],
  ...['received_at', 'processed_at', 'attempts', 'repeats', 'problem'],
] as (keyof Row)[];

/** The tenant's stored messages; at most `most` by each clue, oldest first. One index walk for each clue. */
export async function messagesAbout(
  trx: Transaction<Schema>,
  tenantId: string,
  clues: MessageClues,
  most: number,
): Promise<MessageFacts[]> {
  const walks = [
    ['id', clues.ids],
    ['correlation_id', clues.correlationIds],
    ['vapi_call_id', clues.vapiCallIds],
    ['twilio_call_sid', clues.twilioCallSids],
  ] as const;
  const found = new Map<string, Row>();
  for (const [column, wanted] of walks) {
    if (wanted.length === 0) continue;
    const rows = await trx
      .selectFrom('webhook_events')
      .select(COLUMNS)
      .where('tenant_id', '=', tenantId)
      .where(column, 'in', [...wanted])
      .orderBy('received_at')
      .limit(most)
      .execute();
    for (const row of rows) found.set(row.id, row);
  }
  return [...found.values()];
}

export type QuarantinedFacts = {
  id: string;
  vendor: string;
  type: string;
  reason: string;
  at: Date;
  correlationId: string;
};

/** Messages of which nobody knows the tenant, by their own id or by correlation id; for operators alone. */
export async function quarantinedAbout(
  db: Database,
  clues: Pick<MessageClues, 'ids' | 'correlationIds'>,
  most: number,
): Promise<QuarantinedFacts[]> {
  const found = new Map<string, QuarantinedFacts>();
  for (const [column, wanted] of [
    ['id', clues.ids],
    ['correlation_id', clues.correlationIds],
  ] as const) {
    if (wanted.length === 0) continue;
    const rows = await db.system
      .selectFrom('webhook_quarantine')
      .select(['id', 'vendor', 'type', 'reason', 'received_at', 'correlation_id'])
      .where(column, 'in', [...wanted])
      .orderBy('received_at')
      .limit(most)
      .execute();
    for (const { received_at: at, correlation_id: correlationId, ...row } of rows)
      found.set(row.id, { ...row, at, correlationId });
  }
  return [...found.values()];
}
