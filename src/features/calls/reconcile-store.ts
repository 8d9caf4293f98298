import { sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';

type Trx = Transaction<Schema>;

export async function findMark(trx: Trx, vendor: string): Promise<Date | undefined> {
  const row = await trx
    .selectFrom('reconciliation_marks')
    .select('until')
    .where('vendor', '=', vendor)
    .executeTakeFirst();
  return row?.until;
}

export async function putMark(trx: Trx, tenantId: string, vendor: string, until: Date): Promise<void> {
  await trx
    .insertInto('reconciliation_marks')
    .values({ tenant_id: tenantId, vendor, until })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'vendor']).doUpdateSet({ until }))
    .execute();
}

/** Those of a vendor's ids whose end this vendor has told: Twilio's word on the line is not Vapi's report on the talk. */
export async function findToldEnds(trx: Trx, vendor: 'vapi' | 'twilio', ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const proof = vendor === 'vapi' ? 'isReport' : 'isOver';
  const rows = await trx
    .selectFrom('call_links')
    .innerJoin('call_events', (join) =>
      join
        .onRef('call_events.call_id', '=', 'call_links.call_id')
        .onRef('call_events.tenant_id', '=', 'call_links.tenant_id'),
    )
    .select('call_links.vendor_id')
    .distinct()
    .where('call_links.vendor', '=', vendor)
    .where('call_links.vendor_id', 'in', ids)
    .where('call_events.source', '=', vendor)
    .where(sql<boolean>`call_events.facts->>${proof} = 'true'`)
    .execute();
  return new Set(rows.map((row) => row.vendor_id));
}

export type DayCount = { day: string; vendorCalls: number; recovered: number };

export type Statement = { vendor: string; checkedAt: Date; days: DayCount[]; isWhole: boolean };

/** A look at part of a day adds what it recovered; only a look at all of it states the other figures anew. */
export async function noteCompleteness(
  trx: Trx,
  tenantId: string,
  { vendor, checkedAt, days, isWhole }: Statement,
): Promise<void> {
  for (const { day, vendorCalls, recovered } of days) {
    const inLedger = await countInLedger(trx, vendor, day);
    await sql`
      insert into call_completeness (tenant_id, day, vendor, vendor_calls, ledger_calls, recovered, missing, checked_at)
      values (${tenantId}, ${day}::date, ${vendor}, ${vendorCalls}, ${inLedger}, ${recovered}, ${Math.max(0, vendorCalls - inLedger)}, ${checkedAt})
      on conflict (tenant_id, day, vendor) do update set
        vendor_calls = case when ${isWhole} then excluded.vendor_calls else greatest(call_completeness.vendor_calls, excluded.ledger_calls) end,
        ledger_calls = excluded.ledger_calls,
        missing = case when ${isWhole} then excluded.missing else call_completeness.missing end,
        recovered = call_completeness.recovered + excluded.recovered, checked_at = excluded.checked_at`.execute(trx);
  }
}

async function countInLedger(trx: Trx, vendor: string, day: string): Promise<number> {
  const column = vendor === 'vapi' ? 'vapi_call_id' : 'twilio_call_sid';
  const row = await trx
    .selectFrom('calls')
    .select((eb) => eb.fn.countAll().as('calls'))
    .where(column, 'is not', null)
    .where('started_at', '>=', sql<Date>`${day}::date`)
    .where('started_at', '<', sql<Date>`${day}::date + 1`)
    .executeTakeFirstOrThrow();
  return Number(row.calls);
}
