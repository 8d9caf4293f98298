import { type Selectable, sql, type SqlBool, type Transaction } from 'kysely';
import type { CallEventsTable, CallPoliciesTable, CallTextsTable } from '../../db/schema-calls.ts';
import type { Schema } from '../../db/schema.ts';
import type { TimeCursor } from '../../http/cursor.ts';
import type { CallRow } from './applied.ts';
import { beganIn, spansBack } from './walk.ts';

type Trx = Transaction<Schema>;

export type CallFilter = {
  q?: string | undefined;
  status?: string | undefined;
  direction?: string | undefined;
  outcome?: string | undefined;
  assistantId?: string | undefined;
  phoneNumber?: string | undefined;
  fromTime?: Date | undefined;
  toTime?: Date | undefined;
  /** Whose unread calls alone. */
  unreadBy?: string | undefined;
  /** Who is told of each call whether they have read it. */
  reader?: string | undefined;
  before?: TimeCursor | undefined;
  most: number;
  now: Date;
};

export type ListedRow = CallRow & { is_read: boolean | null };

/** `goOn`: the page ended before it was full, for so many calls were looked at; where to ask on. */
export type FoundCalls = { rows: ListedRow[]; goOn?: TimeCursor | undefined };

/** Newest first. The tenant is named beside row-level security so that the planner can use the indexes that begin with it. */
export async function listCalls(trx: Trx, tenantId: string, filter: CallFilter): Promise<FoundCalls> {
  if (filter.q !== undefined || filter.unreadBy !== undefined) return await lookFor(trx, tenantId, filter);
  if (filter.phoneNumber === undefined) return { rows: await newestOf(trx, tenantId, filter) };
  return { rows: await listOfNumber(trx, tenantId, filter, filter.phoneNumber) };
}

/** A function of the database applies every filter to as many calls as may be looked at for one page. */
async function lookFor(trx: Trx, tenantId: string, filter: CallFilter): Promise<FoundCalls> {
  const { before, most, reader } = filter;
  const filters = {
    status: filter.status,
    direction: filter.direction,
    outcome: filter.outcome,
    assistant_id: filter.assistantId,
    phone_number: filter.phoneNumber,
    from_time: filter.fromTime,
    to_time: filter.toTime,
    unread_by: filter.unreadBy,
  };
  const { rows } = await sql<{ id: string; time: Date; is_hit: boolean }>`
    select call_id as id, started_at as time, is_hit from page_of_calls(${filter.q ?? null}, ${JSON.stringify(filters)}::jsonb,
      ${before?.time ?? null}, ${before?.id ?? null}, ${most})`.execute(trx);
  const goOn = rows.find((row) => !row.is_hit);
  const ids = rows.filter((row) => row.is_hit).map((row) => row.id);
  if (ids.length === 0) return { rows: [], goOn };
  return { rows: await marked(trx, tenantId, reader, callsOf(trx, tenantId, { most }).where('id', 'in', ids)), goOn };
}

/** Two index walks, one for each side of the line, instead of one walk over everything. */
async function listOfNumber(trx: Trx, tenantId: string, filter: CallFilter, number: string): Promise<ListedRow[]> {
  const sides = ['from_number', 'to_number'] as const;
  const rows = new Map<string, ListedRow>();
  for (const side of sides) {
    for (const row of await newestOf(trx, tenantId, filter, { side, number })) rows.set(row.id, row);
  }
  return [...rows.values()].sort(newestFirst).slice(0, filter.most);
}

function newestFirst(a: CallRow, b: CallRow): number {
  return b.started_at.getTime() - a.started_at.getTime() || (a.id < b.id ? 1 : -1);
}

type OnOneSide = { side: 'from_number' | 'to_number'; number: string };

/** Goes back in time until the page is full. */
async function newestOf(trx: Trx, tenantId: string, filter: CallFilter, of?: OnOneSide): Promise<ListedRow[]> {
  const rows: ListedRow[] = [];
  const bounds = [filter.now, filter.before?.time, filter.toTime].filter((time) => time !== undefined);
  const newest = new Date(Math.min(...bounds.map((time) => time.getTime())));
  for (const span of spansBack({ newest, oldest: filter.fromTime })) {
    const calls = callsOf(trx, tenantId, { ...filter, most: filter.most - rows.length }).where(beganIn(span, newest));
    const page = of ? calls.where(of.side, '=', of.number) : calls;
    rows.push(...(await marked(trx, tenantId, filter.reader, page)));
    if (rows.length === filter.most) break;
  }
  return rows;
}

function callsOf(trx: Trx, tenantId: string, filter: Omit<CallFilter, 'now'>) {
  let query = trx.selectFrom('calls').selectAll().where('tenant_id', '=', tenantId);
  const { status, direction, outcome, assistantId, fromTime, toTime, before } = filter;
  if (status !== undefined) query = query.where('status', '=', status);
  if (direction !== undefined) query = query.where('direction', '=', direction);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  if (assistantId !== undefined) query = query.where('assistant_id', '=', assistantId);
  if (fromTime !== undefined) query = query.where('started_at', '>=', fromTime);
  if (toTime !== undefined) query = query.where('started_at', '<', toTime);
  if (before !== undefined) query = query.where(sql<SqlBool>`(started_at, id) < (${before.time}, ${before.id}::uuid)`);
  return query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(filter.most);
}

/** With who has read them, looked up for those of the page alone: inside it would be prepared for every month. */
async function marked(trx: Trx, tenantId: string, reader: string | undefined, page: ReturnType<typeof callsOf>) {
  return await trx
    .selectFrom(page.as('calls'))
    .selectAll()
    .select(isReadBy(tenantId, reader))
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

// Scalar: as a set it would be made of all that the person has ever read.
function isReadBy(tenantId: string, reader: string | undefined) {
  if (reader === undefined) return sql<boolean | null>`null`.as('is_read');
  return sql<boolean | null>`(select true from call_reads r
    where r.tenant_id = ${tenantId} and r.user_id = ${reader} and r.call_id = calls.id)`.as('is_read');
}

export type TextRow = Pick<Selectable<CallTextsTable>, 'transcript' | 'messages' | 'analysis'>;
export type EventRow = Selectable<CallEventsTable>;

export async function findCall(trx: Trx, id: string): Promise<CallRow | undefined> {
  return await trx.selectFrom('calls').selectAll().where('id', '=', id).executeTakeFirst();
}

/** What was said in it, which may be megabytes. */
export async function findText(trx: Trx, id: string): Promise<TextRow | undefined> {
  const texts = trx.selectFrom('call_texts').select(['transcript', 'messages', 'analysis']);
  return await texts.where('call_id', '=', id).executeTakeFirst();
}

/** The call that a vendor's id stands for. */
export async function findCallIdByVendorId(trx: Trx, vendorId: string): Promise<string | undefined> {
  const row = await trx.selectFrom('call_links').select('call_id').where('vendor_id', '=', vendorId).executeTakeFirst();
  return row?.call_id;
}

/** The first `most` of them. */
export async function listEvents(trx: Trx, callId: string, most: number): Promise<EventRow[]> {
  return await trx
    .selectFrom('call_events')
    .selectAll()
    .where('call_id', '=', callId)
    .orderBy('at')
    .orderBy('key')
    .limit(most)
    .execute();
}

export async function listDays(trx: Trx, tenantId: string, since: string) {
  return await trx
    .selectFrom('call_days')
    .selectAll()
    .select(sql<string>`to_char(day, 'YYYY-MM-DD')`.as('date'))
    .where('tenant_id', '=', tenantId)
    .where('day', '>=', since)
    .orderBy('day')
    .execute();
}

export async function listCompleteness(trx: Trx, since: string) {
  return await trx
    .selectFrom('call_completeness')
    .selectAll()
    .select(sql<string>`to_char(day, 'YYYY-MM-DD')`.as('date'))
    .where('day', '>=', since)
    .orderBy('day', 'desc')
    .orderBy('vendor')
    .execute();
}

export type PolicyRow = Selectable<CallPoliciesTable>;

export async function findPolicy(trx: Trx): Promise<PolicyRow | undefined> {
  return await trx.selectFrom('call_policies').selectAll().executeTakeFirst();
}

export async function putPolicy(
  trx: Trx,
  tenantId: string,
  values: Partial<Omit<PolicyRow, 'tenant_id'>>,
): Promise<void> {
  await trx
    .insertInto('call_policies')
    .values({ tenant_id: tenantId, retention_days: null, ...values })
    .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(values))
    .execute();
}

/** Removes what is known of calls: their rows, texts, facts, links, and the kept fields of their webhooks. */
export async function deleteCalls(trx: Trx, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const links = await trx
    .selectFrom('call_links')
    .select(['vendor', 'vendor_id'])
    .where('call_id', 'in', ids)
    .execute();
  const idsOf = (vendor: string) => links.filter((link) => link.vendor === vendor).map((link) => link.vendor_id);
  const forget = { kept: '{}' };
  for (const [vendor, column] of [
    ['vapi', 'vapi_call_id'],
    ['twilio', 'twilio_call_sid'],
  ] as const) {
    const vendorIds = idsOf(vendor);
    if (vendorIds.length > 0)
      await trx.updateTable('webhook_events').set(forget).where(column, 'in', vendorIds).execute();
  }
  for (const table of ['call_events', 'call_texts', 'call_links'] as const)
    await trx.deleteFrom(table).where('call_id', 'in', ids).execute();
  await trx.deleteFrom('calls').where('id', 'in', ids).execute();
}

export async function listEndedBefore(trx: Trx, moment: Date, most: number): Promise<string[]> {
  const rows = await trx
    .selectFrom('calls')
    .select('id')
    .where('started_at', '<', moment)
    .where('status', '=', 'ended')
    .orderBy('started_at')
    .limit(most)
    .execute();
  return rows.map((row) => row.id);
}
