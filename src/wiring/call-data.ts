/** What the rooms around a call ask the database about each other. */
import { sql } from 'kysely';
import type { Database } from '../db/connect.ts';
import { isUuid } from '../uuid.ts';

export async function tenantOfNumber(
  db: Database,
  phoneNumber: string,
  accountSid: string | undefined,
): Promise<string | undefined> {
  if (phoneNumber === '') return undefined;
  const { rows } = await sql<{ tenant: string }>`
    select t as tenant from tenant_of_number(${phoneNumber}, ${accountSid ?? null}) t`.execute(
    db.lane('webhook').system,
  );
  return rows.length === 1 ? rows[0]?.tenant : undefined;
}

/** Whose assistant or number a message of Vapi is about. */
export async function ownerOfMessage(
  db: Database,
  table: { findByVapiId(id: string): { tenantId: string } | undefined },
  { assistantId, phoneNumberId }: { assistantId: string | null; phoneNumberId: string | null },
): Promise<string | undefined> {
  const byNumber = phoneNumberId === null ? undefined : table.findByVapiId(phoneNumberId)?.tenantId;
  if (byNumber !== undefined || assistantId === null || !isUuid(assistantId)) return byNumber;
  const { rows } = await sql<{ tenant: string | null }>`select tenant_of_assistant(${assistantId}) as tenant`.execute(
    db.lane('webhook').system,
  );
  return rows[0]?.tenant ?? undefined;
}

/** Why Vapi says that a call ended, as far as its webhooks have come: processed or not. */
export async function toldReason(db: Database, tenantId: string, vapiCallId: string): Promise<string | undefined> {
  const row = await db.lane('call').asTenant(tenantId, (trx) =>
    trx
      .selectFrom('webhook_events')
      .select(sql<string | null>`kept->'message'->>'endedReason'`.as('reason'))
      .where('vapi_call_id', '=', vapiCallId)
      .where('type', 'in', ['status-update', 'end-of-call-report'])
      .where(sql<boolean>`kept->'message'->>'endedReason' is not null`)
      .limit(1)
      .executeTakeFirst(),
  );
  return row?.reason ?? undefined;
}

/** Where the owners of a tenant read their mail. */
export async function ownersOf(db: Database, tenantId: string): Promise<string[]> {
  const owners = await db.asTenant(tenantId, (trx) =>
    trx.selectFrom('members').select('user_id').where('role', '=', 'owner').execute(),
  );
  if (owners.length === 0) return [];
  const ids = owners.map((owner) => owner.user_id);
  const users = await db.lane('job').system.selectFrom('users').select('email').where('id', 'in', ids).execute();
  return users.map((user) => user.email);
}

/** A number of the tenant's that can send texts, the wanted one before others. */
export async function textSenderOf(db: Database, tenantId: string, wanted: string | null): Promise<string | undefined> {
  const row = await db.lane('job').asTenant(tenantId, (trx) =>
    trx
      .selectFrom('phone_numbers')
      .select('phone_number')
      .where(sql<boolean>`coalesce((twilio_snapshot->'capabilities'->>'sms')::boolean, true)`)
      .orderBy(sql`phone_number = ${wanted ?? ''}`, 'desc')
      .orderBy('phone_number')
      .limit(1)
      .executeTakeFirst(),
  );
  return row?.phone_number;
}

/** Null where no assistant was asked. */
export async function assistantName(
  db: Database,
  tenantId: string,
  assistantId: string | null,
): Promise<string | null> {
  if (assistantId === null || !isUuid(assistantId)) return null;
  const row = await db.asTenant(tenantId, (trx) =>
    trx.selectFrom('assistants').select('name').where('vapi_assistant_id', '=', assistantId).executeTakeFirst(),
  );
  return row?.name ?? 'unknown';
}
