import { type Selectable, sql, type Transaction } from 'kysely';
import type { Database, Lane } from '../../db/connect.ts';
import type { WebhookEventsTable } from '../../db/schema-calls.ts';
import type { Schema } from '../../db/schema.ts';
import type { WebhookEvent, WebhookState } from './contract.ts';
import type { IncomingEvent, QuarantinedEvent } from './event.ts';

export type EventRow = Selectable<WebhookEventsTable>;
type Trx = Transaction<Schema>;

/** One statement, one flush. Resolves to the tenants that got something new. */
export async function keepAll(lane: Lane, events: IncomingEvent[]): Promise<string[]> {
  // A statement cannot touch the same row twice, and two deliveries of one message may well wait together.
  const unique = new Map(events.map((event) => [`${event.tenantId} ${event.dedupeKey}`, event]));
  const given = [...unique.values()].map((event) => ({
    tenant_id: event.tenantId,
    vendor: event.vendor,
    type: event.type,
    dedupe_key: event.dedupeKey,
    kept: event.kept,
    vapi_call_id: event.vapiCallId,
    twilio_call_sid: event.twilioCallSid,
    correlation_id: event.correlationId,
    received_at: event.receivedAt,
  }));
  const { rows } = await sql<{ keep_webhooks: string }>`select keep_webhooks(${JSON.stringify(given)}::jsonb)`.execute(
    lane.system,
  );
  return rows.map((row) => row.keep_webhooks);
}

export async function quarantineOne(lane: Lane, event: QuarantinedEvent): Promise<void> {
  await lane.system
    .insertInto('webhook_quarantine')
    .values({
      vendor: event.vendor,
      type: event.type,
      dedupe_key: event.dedupeKey,
      reason: event.reason,
      kept: JSON.stringify(event.kept),
      correlation_id: event.correlationId,
      received_at: event.receivedAt,
    })
    .onConflict((conflict) =>
      conflict.column('dedupe_key').doUpdateSet((eb) => ({ repeats: eb('webhook_quarantine.repeats', '+', 1) })),
    )
    .execute();
}

export async function tenantsWithDue(lane: Lane, now: Date): Promise<string[]> {
  const { rows } = await sql<{
    tenant_id: string;
  }>`select t as tenant_id from tenants_with_due_webhooks(${now}) t`.execute(lane.system);
  return rows.map((row) => row.tenant_id);
}

export type DueFilter = { now: Date; most: number };

/** What is due of this tenant; nothing when another worker is at its messages. The turn is held until the transaction ends. */
export async function takeTurn(trx: Trx, tenantId: string, filter: DueFilter): Promise<string[]> {
  const { rows } = await sql<{ due: string[] | null }>`
    select case when got then ${dueIds(filter)} end as due
    from (select pg_try_advisory_xact_lock(hashtextextended(${`inbox:${tenantId}`}, 0)) as got) turn`.execute(trx);
  return rows[0]?.due ?? [];
}

export async function listDue(trx: Trx, filter: DueFilter): Promise<string[]> {
  const { rows } = await sql<{ due: string[] }>`select ${dueIds(filter)} as due`.execute(trx);
  return rows[0]?.due ?? [];
}

// The queue says where to look. Its rows are not locked: they go with the messages, by a trigger.
function dueIds({ now, most }: DueFilter) {
  return sql`array(select event_id from webhook_due where due_at <= ${now} order by due_at limit ${most})`;
}

/** What processing needs of a message. */
export type DueRow = Pick<EventRow, (typeof DUE_COLUMNS)[number]>;

const DUE_COLUMNS = [
  'id',
  'vendor',
  'type',
  'dedupe_key',
  'kept',
  'vapi_call_id',
  'twilio_call_sid',
  'correlation_id',
  'received_at',
  'attempts',
] as const;

export async function lockPending(trx: Trx, ids: string[]): Promise<DueRow[]> {
  if (ids.length === 0) return [];
  return await trx
    .selectFrom('webhook_events')
    .select(DUE_COLUMNS)
    .where(areOf(ids))
    .where('state', '=', 'pending')
    .orderBy('due_at')
    .forUpdate()
    .skipLocked()
    .execute();
}

export async function markProcessed(trx: Trx, ids: string[], now: Date): Promise<void> {
  await trx
    .updateTable('webhook_events')
    .set((eb) => ({ state: 'processed', processed_at: now, problem: null, attempts: eb('attempts', '+', 1) }))
    .where(areOf(ids))
    .execute();
}

/**
 * Each message by its key. The bounds are values, so that the database asks the months alone in which the ids are. The ids
 * come out of a sub-query: a planner that counts them reads all of the tenant's messages in a month of which it has no
 * statistics yet, and there are more of them with each batch. `ids` holds at least one.
 */
function areOf(ids: string[]) {
  const inOrder = ids.toSorted();
  return sql<boolean>`id = any((select ${ids}::uuid[])::uuid[]) and id between ${inOrder[0]} and ${inOrder.at(-1)}`;
}

export async function markFailed(
  trx: Trx,
  id: string,
  failure: { problem: string; dueAt: Date; isDead: boolean },
): Promise<void> {
  await trx
    .updateTable('webhook_events')
    .set((eb) => ({
      state: failure.isDead ? 'dead' : 'pending',
      problem: failure.problem,
      due_at: failure.dueAt,
      attempts: eb('attempts', '+', 1),
    }))
    .where('id', '=', id)
    .execute();
}

export type LedgerFilter = {
  state?: WebhookState | undefined;
  vendor?: 'vapi' | 'twilio' | undefined;
  before?: { time: Date; id: string } | undefined;
  id?: string | undefined;
  most: number;
};

type LedgerRow = Omit<EventRow, 'kept' | 'dedupe_key' | 'due_at' | 'tenant_id'> & { tenant_id: string | null };

/** Events of all tenants and those in quarantine, newest first. */
export async function listLedger(db: Database, filter: LedgerFilter): Promise<WebhookEvent[]> {
  const rows = [...(await listKept(db, filter)), ...(await listQuarantined(db, filter))];
  return rows
    .sort((a, b) => b.received_at.getTime() - a.received_at.getTime() || (a.id < b.id ? 1 : -1))
    .slice(0, filter.most)
    .map(toWire);
}

async function listKept(db: Database, { state, vendor, before, id, most }: LedgerFilter): Promise<LedgerRow[]> {
  if (state === 'quarantined') return [];
  const { rows } = await sql<LedgerRow>`select * from webhook_ledger(${state ?? null}, ${vendor ?? null},
    ${before?.time ?? null}, ${before?.id ?? null}, ${id ?? null}, ${most})`.execute(db.system);
  return rows;
}

async function listQuarantined(db: Database, { state, vendor, before, id, most }: LedgerFilter): Promise<LedgerRow[]> {
  if (state !== undefined && state !== 'quarantined') return [];
  let query = db.system.selectFrom('webhook_quarantine').selectAll();
  if (vendor !== undefined) query = query.where('vendor', '=', vendor);
  if (id !== undefined) query = query.where('id', '=', id);
  if (before !== undefined) query = query.where(sql<boolean>`(received_at, id) < (${before.time}, ${before.id})`);
  const rows = await query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(most).execute();
  return rows.map((row) => ({
    ...row,
    tenant_id: null,
    state: 'quarantined',
    vapi_call_id: null,
    twilio_call_sid: null,
    processed_at: null,
    attempts: 0,
    problem: row.reason,
  }));
}

function toWire(row: LedgerRow): WebhookEvent {
  return {
    id: row.id,
    tenant_id: row.tenant_id,
    vendor: row.vendor as WebhookEvent['vendor'],
    type: row.type,
    state: row.state as WebhookState,
    vapi_call_id: row.vapi_call_id,
    twilio_call_sid: row.twilio_call_sid,
    received_at: row.received_at.toISOString(),
    processed_at: row.processed_at?.toISOString() ?? null,
    attempts: row.attempts,
    repeats: row.repeats,
    problem: row.problem,
    correlation_id: row.correlation_id,
  };
}

export async function findKept(db: Database, event: WebhookEvent): Promise<unknown> {
  if (event.tenant_id === null) {
    const row = await db.system
      .selectFrom('webhook_quarantine')
      .select('kept')
      .where('id', '=', event.id)
      .executeTakeFirst();
    return row?.kept;
  }
  const row = await db.asTenant(event.tenant_id, (trx) =>
    trx.selectFrom('webhook_events').select('kept').where('id', '=', event.id).executeTakeFirst(),
  );
  return row?.kept;
}

/** Puts an event back to be processed; false when it is being processed this moment. */
export async function makeDue(db: Database, tenantId: string, id: string, now: Date): Promise<boolean> {
  const row = await db.asTenant(tenantId, (trx) =>
    trx
      .updateTable('webhook_events')
      .set({ state: 'pending', due_at: now, problem: null, attempts: 0 })
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst(),
  );
  return row !== undefined;
}

export type QuarantineRow = QuarantinedEvent & { id: string };

export async function findQuarantined(db: Database, id: string): Promise<QuarantineRow | undefined> {
  const row = await db.system.selectFrom('webhook_quarantine').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    vendor: row.vendor as 'vapi' | 'twilio',
    type: row.type,
    dedupeKey: row.dedupe_key,
    kept: row.kept as object,
    correlationId: row.correlation_id,
    receivedAt: row.received_at,
    reason: row.reason,
  };
}

export async function releaseQuarantined(db: Database, id: string): Promise<void> {
  await db.system.deleteFrom('webhook_quarantine').where('id', '=', id).execute();
}

export async function countLedger(db: Database): Promise<{ pending: number; dead: number; quarantined: number }> {
  const lane = db.lane('job').system;
  const { rows } = await sql<{ state: string; events: string }>`select * from webhook_counts()`.execute(lane);
  const quarantined = await lane
    .selectFrom('webhook_quarantine')
    .select((eb) => eb.fn.countAll().as('events'))
    .executeTakeFirstOrThrow();
  const count = (state: string) => Number(rows.find((row) => row.state === state)?.events ?? 0);
  return { pending: count('pending'), dead: count('dead'), quarantined: Number(quarantined.events) };
}
