import { sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Applied, CallRow, Link } from './applied.ts';
import { type Contribution, contributionOf, daysChangedBy } from './days.ts';
import type { CallFact, CallText } from './fact.ts';

type Trx = Transaction<Schema>;

export async function listLinks(trx: Trx, wanted: Omit<Link, 'callId'>[]): Promise<Link[]> {
  const rows = await trx
    .selectFrom('call_links')
    .select(['vendor', 'vendor_id', 'call_id'])
    .where('vendor_id', 'in', [...new Set(wanted.map((link) => link.vendorId))])
    .execute();
  return rows.map((row) => ({ vendor: row.vendor as Link['vendor'], vendorId: row.vendor_id, callId: row.call_id }));
}

export async function addLinks(trx: Trx, tenantId: string, links: Link[]): Promise<void> {
  if (links.length === 0) return;
  const rows = links.map((link) => ({
    tenant_id: tenantId,
    vendor: link.vendor,
    vendor_id: link.vendorId,
    call_id: link.callId,
  }));
  await trx
    .insertInto('call_links')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Resolves to the calls that learned something. */
export async function addFacts(
  trx: Trx,
  tenantId: string,
  facts: (CallFact & { callId: string })[],
): Promise<string[]> {
  const given = facts.map((fact) => ({
    call_id: fact.callId,
    key: fact.key,
    at: fact.at.toISOString(),
    source: fact.source,
    name: fact.name,
    facts: fact.facts,
    correlation_id: fact.correlationId,
  }));
  const { rows } = await sql<{ call_id: string }>`
    insert into call_events (tenant_id, call_id, key, at, source, name, facts, correlation_id)
    select ${tenantId}, e.call_id, e.key, e.at, e.source, e.name, e.facts, e.correlation_id
    from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
      as e(call_id uuid, key text, at timestamptz, source text, name text, facts jsonb, correlation_id text)
    on conflict do nothing returning call_id`.execute(trx);
  return [...new Set(rows.map((row) => row.call_id))];
}

export async function listFacts(trx: Trx, callIds: string[]): Promise<Map<string, CallFact[]>> {
  const columns = ['call_id', 'key', 'at', 'source', 'name', 'facts', 'correlation_id'] as const;
  const rows = await trx.selectFrom('call_events').select(columns).where('call_id', 'in', callIds).execute();
  const byCall = new Map<string, CallFact[]>();
  for (const row of rows) {
    const fact: CallFact = {
      key: row.key,
      at: row.at,
      source: row.source as CallFact['source'],
      name: row.name,
      correlationId: row.correlation_id,
      facts: row.facts as CallFact['facts'],
    };
    const known = byCall.get(row.call_id);
    if (known === undefined) byCall.set(row.call_id, [fact]);
    else known.push(fact);
  }
  return byCall;
}

export async function lockRows(trx: Trx, callIds: string[]): Promise<Map<string, CallRow>> {
  const rows = await trx.selectFrom('calls').selectAll().where('id', 'in', callIds).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Two calls turned out to be one: what is known of `drop` goes to `keep`. */
export async function mergeCalls(trx: Trx, tenantId: string, keep: string, drop: string): Promise<void> {
  await sql`insert into call_events (tenant_id, call_id, key, at, source, name, facts, correlation_id, recorded_at)
    select tenant_id, ${keep}, key, at, source, name, facts, correlation_id, recorded_at
    from call_events where call_id = ${drop} on conflict do nothing`.execute(trx);
  await sql`insert into call_texts (tenant_id, call_id, transcript, messages, analysis, search)
    select tenant_id, ${keep}, transcript, messages, analysis, search
    from call_texts where call_id = ${drop} on conflict do nothing`.execute(trx);
  await trx.updateTable('call_links').set({ call_id: keep }).where('call_id', '=', drop).execute();
  const dropped = await trx.selectFrom('calls').selectAll().where('id', '=', drop).executeTakeFirst();
  if (dropped !== undefined) await addToDays(trx, tenantId, [{ ...contributionOf(dropped), sign: -1 }]);
  for (const table of ['call_events', 'call_texts'] as const)
    await trx.deleteFrom(table).where('call_id', '=', drop).execute();
  await trx.deleteFrom('calls').where('id', '=', drop).execute();
}

/** The longer transcript stays, whichever came first. Resolves to the calls that have one. */
export async function writeTexts(
  trx: Trx,
  tenantId: string,
  texts: { callId: string; text: CallText }[],
): Promise<Set<string>> {
  if (texts.length === 0) return new Set();
  const given = [...new Map(texts.toSorted(byLength).map((item) => [item.callId, item])).values()].map(
    ({ callId, text }) => ({
      call_id: callId,
      transcript: text.transcript,
      messages: text.messages,
      analysis: { success: text.success, structured_data: text.structuredData },
    }),
  );
  await sql`
    insert into call_texts (tenant_id, call_id, transcript, messages, analysis, search)
    select ${tenantId}, t.call_id, t.transcript, t.messages, t.analysis, to_tsvector('simple', left(coalesce(t.transcript, ''), 400000))
    from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as t(call_id uuid, transcript text, messages jsonb, analysis jsonb)
    on conflict (tenant_id, call_id) do update set transcript = excluded.transcript, messages = excluded.messages,
      analysis = excluded.analysis, search = excluded.search
    where length(coalesce(excluded.transcript, '')) >= length(coalesce(call_texts.transcript, ''))`.execute(trx);
  return new Set(given.filter((item) => item.transcript !== null).map((item) => item.call_id));
}

function byLength(a: { text: CallText }, b: { text: CallText }): number {
  return (a.text.transcript ?? '').length - (b.text.transcript ?? '').length;
}

export async function writeCalls(trx: Trx, tenantId: string, applied: Applied[], withText: Set<string>): Promise<void> {
  const given = applied.map(({ callId, before, after }) => ({
    id: callId,
    vapi_call_id: after.vapiCallId,
    twilio_call_sid: after.twilioCallSid,
    direction: after.direction,
    status: after.status,
    outcome: after.outcome,
    route_reason: after.routeReason,
    from_number: after.from,
    to_number: after.to,
    customer_name: after.customerName,
    assistant_id: after.assistantId,
    started_at: after.startedAt,
    answered_at: after.answeredAt,
    ended_at: after.endedAt,
    duration_seconds: after.durationSeconds,
    cost_usd: after.costUsd,
    ended_reason: after.endedReason,
    ended_code: after.endedCode,
    summary: after.summary,
    has_transcript: withText.has(callId) || before?.has_transcript === true,
    recording: after.recording,
    recovered: after.isRecovered,
  }));
  const names = COLUMNS.map((column) => column.split(' ')[0]!);
  const updates = names.filter((name) => name !== 'id').map((name) => `${name} = excluded.${name}`);
  await sql`
    insert into calls (tenant_id, ${sql.raw(names.join(', '))}, updated_at)
    select ${tenantId}, ${sql.raw(names.map((name) => `c.${name}`).join(', '))}, now()
    from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as c(${sql.raw(COLUMNS.join(', '))})
    on conflict (tenant_id, id) do update set ${sql.raw(updates.join(', '))}, updated_at = now()`.execute(trx);
}

const COLUMNS = [
  'id uuid',
  'vapi_call_id text',
  'twilio_call_sid text',
  'direction text',
  'status text',
  'outcome text',
  'route_reason text',
  'from_number text',
  'to_number text',
  'customer_name text',
  'assistant_id text',
  'started_at timestamptz',
  'answered_at timestamptz',
  'ended_at timestamptz',
  'duration_seconds integer',
  'cost_usd double precision',
  'ended_reason text',
  'ended_code text',
  'summary text',
  'has_transcript boolean',
  'recording text',
  'recovered boolean',
];

export async function writeDays(trx: Trx, tenantId: string, applied: Applied[]): Promise<void> {
  await addToDays(trx, tenantId, daysChangedBy(applied));
}

async function addToDays(trx: Trx, tenantId: string, changes: (Contribution & { sign: 1 | -1 })[]): Promise<void> {
  const sums = new Map<string, Record<string, number | string>>();
  for (const { day, sign, counts } of changes) {
    const sum = sums.get(day) ?? { day };
    for (const [name, count] of Object.entries(counts)) sum[name] = Number(sum[name] ?? 0) + sign * count;
    sums.set(day, sum);
  }
  const given = [...sums.values()].filter((sum) =>
    Object.entries(sum).some(([name, value]) => name !== 'day' && value !== 0),
  );
  if (given.length === 0) return;
  const added = DAY_COLUMNS.map((name) => `coalesce(d.${name}, 0)`).join(', ');
  const updates = DAY_COLUMNS.map((name) => `${name} = call_days.${name} + excluded.${name}`).join(', ');
  const types = DAY_COLUMNS.map((name) => `${name} ${name === 'cost_usd' ? 'double precision' : 'integer'}`).join(', ');
  await sql`
    insert into call_days (tenant_id, day, ${sql.raw(DAY_COLUMNS.join(', '))})
    select ${tenantId}, d.day, ${sql.raw(added)}
    from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as d(day date, ${sql.raw(types)})
    on conflict (tenant_id, day) do update set ${sql.raw(updates)}`.execute(trx);
}

const DAY_COLUMNS = [
  'calls',
  'inbound',
  'by_ai',
  'by_person',
  'voicemail',
  'sentence',
  'nobody',
  'failed',
  'seconds',
  'cost_usd',
];
