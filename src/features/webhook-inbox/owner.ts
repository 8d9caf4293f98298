/** Whose a quarantined message is by now: the tenant of the number or the assistant that it is about. */
import { sql } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { IncomingEvent } from './event.ts';
import type { QuarantineRow } from './store.ts';

type Kept = {
  To?: unknown;
  From?: unknown;
  AccountSid?: unknown;
  CallSid?: unknown;
  message?: { assistantId?: unknown; phoneNumberId?: unknown };
};

/** The message under its tenant's name; undefined while nobody, or more than one, has the number. */
export async function ownerByNumber(db: Database, event: QuarantineRow): Promise<IncomingEvent | undefined> {
  const kept = event.kept as Kept;
  const tenantId = await tenantOf(db, kept);
  if (tenantId === undefined) return undefined;
  const { vendor, type, dedupeKey, correlationId, receivedAt } = event;
  const same = { vendor, type, dedupeKey, correlationId, receivedAt, kept: event.kept };
  return { ...same, tenantId, vapiCallId: null, twilioCallSid: typeof kept.CallSid === 'string' ? kept.CallSid : null };
}

async function tenantOf(db: Database, kept: Kept): Promise<string | undefined> {
  const account = typeof kept.AccountSid === 'string' ? kept.AccountSid : null;
  for (const number of [kept.To, kept.From]) {
    if (typeof number !== 'string' || number === '') continue;
    const { rows } = await sql<{
      tenant: string;
    }>`select t as tenant from tenant_of_number(${number}, ${account}) t`.execute(db.system);
    if (rows.length === 1) return rows[0]?.tenant;
  }
  return undefined;
}
