import { sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { BEGINNING, type ChainedEntry } from './chain.ts';

type Trx = Transaction<Schema>;

export type Head = { sequence: number; hash: Buffer };

export type StoredEntry = ChainedEntry & { previousHash: Buffer; hash: Buffer };

/** The end of the tenant's chain; whoever reads it here holds it until the transaction ends. */
export async function lockHead(trx: Trx, tenantId: string): Promise<Head> {
  await trx
    .insertInto('audit_heads')
    .values({ tenant_id: tenantId, sequence: 0, hash: BEGINNING })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return trx
    .selectFrom('audit_heads')
    .select(['sequence', 'hash'])
    .where('tenant_id', '=', tenantId)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

export async function append(trx: Trx, entry: StoredEntry): Promise<void> {
  await trx
    .insertInto('audit_entries')
    .values({
      tenant_id: entry.tenantId,
      sequence: entry.sequence,
      at: entry.at,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      correlation_id: entry.correlationId,
      details: JSON.stringify(entry.details),
      previous_hash: entry.previousHash,
      hash: entry.hash,
    })
    .execute();
  await trx
    .updateTable('audit_heads')
    .set({ sequence: entry.sequence, hash: entry.hash })
    .where('tenant_id', '=', entry.tenantId)
    .execute();
}

/** What the head says, and the newest entry that is there, as they stood at one moment. */
export async function findEnd(trx: Trx): Promise<{ head: Head; newest: number }> {
  const row = await trx
    .selectNoFrom((from) => [
      from.selectFrom('audit_heads').select('sequence').as('sequence'),
      from.selectFrom('audit_heads').select('hash').as('hash'),
      from
        .selectFrom('audit_entries')
        .select(sql<number>`coalesce(max(sequence), 0)`.as('newest'))
        .as('newest'),
    ])
    .executeTakeFirstOrThrow();
  return { head: { sequence: row.sequence ?? 0, hash: row.hash ?? BEGINNING }, newest: row.newest ?? 0 };
}

/** Entries in the order of the chain, after `sequence`. */
export async function listAfter(trx: Trx, sequence: number, limit: number): Promise<StoredEntry[]> {
  const rows = await entries(trx).where('sequence', '>', sequence).orderBy('sequence').limit(limit).execute();
  return rows.map(fromRow);
}

export type EntryFilter = {
  before?: number | undefined;
  action?: string | undefined;
  actor?: string | undefined;
  limit: number;
};

/** Entries, newest first. */
export async function listBefore(trx: Trx, filter: EntryFilter): Promise<StoredEntry[]> {
  let query = entries(trx).orderBy('sequence', 'desc').limit(filter.limit);
  const { before, action, actor } = filter;
  if (before !== undefined) query = query.where('sequence', '<', before);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action?.endsWith('.')) query = query.where(sql<boolean>`starts_with(action, ${action})`);
  else if (action !== undefined) query = query.where('action', '=', action);
  return (await query.execute()).map(fromRow);
}

function entries(trx: Trx) {
  return trx
    .selectFrom('audit_entries')
    .select([
      'tenant_id',
      'sequence',
      'actor',
      'action',
      'subject',
      'correlation_id',
      'details',
      'previous_hash',
      'hash',
    ])
    .select(sql<string>`to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('at'));
}

type Row = Awaited<ReturnType<ReturnType<typeof entries>['execute']>>[number];

function fromRow(row: Row): StoredEntry {
  return {
    tenantId: row.tenant_id,
    sequence: row.sequence,
    at: row.at,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    correlationId: row.correlation_id,
    details: row.details,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
