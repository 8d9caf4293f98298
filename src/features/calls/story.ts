/** Which calls an id leads to. */
import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';

export type CallClues = {
  /** Ids of calls at AVA. */
  ids: readonly string[];
  vendorIds: readonly string[];
  correlationIds: readonly string[];
};

/** Ids of calls at AVA; at most `most` by each clue. */
export async function callsAbout(
  trx: Transaction<Schema>,
  tenantId: string,
  clues: CallClues,
  most: number,
): Promise<string[]> {
  const found = new Set<string>();
  if (clues.ids.length > 0) {
    const calls = trx.selectFrom('calls').select('id').where('tenant_id', '=', tenantId);
    for (const { id } of await calls.where('id', 'in', [...clues.ids]).execute()) found.add(id);
  }
  if (clues.vendorIds.length > 0) {
    const links = trx.selectFrom('call_links').select('call_id').where('tenant_id', '=', tenantId);
    // The vendors are named so that the primary key serves the look-up.
    const rows = await links
      .where('vendor', 'in', ['ava', 'vapi', 'twilio'])
      .where('vendor_id', 'in', [...clues.vendorIds])
      .limit(most)
      .execute();
    for (const row of rows) found.add(row.call_id);
  }
  if (clues.correlationIds.length > 0) {
    const rows = await trx
      .selectFrom('call_events')
      .select('call_id')
      .where('tenant_id', '=', tenantId)
      .where('correlation_id', 'in', [...clues.correlationIds])
      .orderBy('at', 'desc')
      .limit(most * EVENTS_PER_CALL)
      .execute();
    for (const row of rows) found.add(row.call_id);
  }
  return [...found];
}

const EVENTS_PER_CALL = 10;
