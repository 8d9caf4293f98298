import { type Selectable, sql, type Transaction } from 'kysely';
import type { Lane } from '../../db/connect.ts';
import type { PhoneNumbersTable } from '../../db/schema-calls.ts';
import type { Schema } from '../../db/schema.ts';
import type { RoutingPlan } from './fallback.ts';
import { fallbackSchema } from './routing-contract.ts';
import type { NumberRouting } from './number-routing.ts';

export type NumberRow = Selectable<PhoneNumbersTable>;
type Trx = Transaction<Schema>;

type LoadedRow = {
  tenant_id: string;
  sid: string;
  account_sid: string | null;
  phone_number: string;
  vapi_phone_number_id: string | null;
  assistant_id: string | null;
  mode: string;
  plan: RoutingPlan | null;
  flipped: boolean;
  synthetic: boolean;
  routing_version: string;
};

/** The routing of all tenants that is newer than `version`. */
export async function loadRouting(lane: Lane, version: number): Promise<NumberRouting[]> {
  const { rows } = await sql<LoadedRow>`select * from routing_since(${version})`.execute(lane.system);
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    sid: row.sid,
    accountSid: row.account_sid,
    phoneNumber: row.phone_number,
    vapiPhoneNumberId: row.vapi_phone_number_id,
    assistantId: row.assistant_id,
    mode: row.mode as NumberRouting['mode'],
    plan: row.plan ?? EMPTY_PLAN,
    flipped: row.flipped,
    synthetic: row.synthetic,
    version: Number(row.routing_version),
  }));
}

/** Nobody has said anything: voicemail. */
export const EMPTY_PLAN: RoutingPlan = {
  fallback: fallbackSchema.parse({}),
  language: 'en-US',
  business_hours: null,
  assistant_answers: 'always',
};

export async function findNumber(trx: Trx, sid: string): Promise<NumberRow | undefined> {
  return await trx.selectFrom('phone_numbers').selectAll().where('sid', '=', sid).executeTakeFirst();
}

export async function lockNumber(trx: Trx, sid: string): Promise<NumberRow | undefined> {
  return await trx.selectFrom('phone_numbers').selectAll().where('sid', '=', sid).forUpdate().executeTakeFirst();
}

export type AdoptedNumber = {
  sid: string;
  accountSid: string | null;
  phoneNumber: string;
  friendlyName: string | null;
  snapshot: object;
};

/** Notes a number of Twilio as this tenant's; false when it is another tenant's already. */
export async function adoptNumber(trx: Trx, tenantId: string, number: AdoptedNumber, now: Date): Promise<boolean> {
  const row = await trx
    .insertInto('phone_numbers')
    .values({
      tenant_id: tenantId,
      sid: number.sid,
      account_sid: number.accountSid,
      phone_number: number.phoneNumber,
      friendly_name: number.friendlyName,
      vapi_phone_number_id: null,
      assistant_id: null,
      mode: null,
      plan: null,
      twilio_snapshot: JSON.stringify(number.snapshot),
      snapshot_at: now,
      original_urls: null,
      flipped_urls: null,
      updated_by: null,
    })
    .onConflict((conflict) => conflict.column('sid').doNothing())
    .returning('sid')
    .executeTakeFirst();
  return row !== undefined;
}

export type RoutingChange = { assistantId: string | null; mode: string; plan: RoutingPlan; by: string; now: Date };

export async function writeRouting(trx: Trx, sid: string, change: RoutingChange): Promise<void> {
  await trx
    .updateTable('phone_numbers')
    .set({
      assistant_id: change.assistantId,
      mode: change.mode,
      plan: JSON.stringify(change.plan),
      updated_at: change.now,
      updated_by: change.by,
      routing_version: sql<number>`nextval('routing_version')`,
    })
    .where('sid', '=', sid)
    .execute();
}

/** Numbers that rang one assistant ring another from now on; resolves to them as they were. */
export async function moveNumbers(
  trx: Trx,
  { from, to, author }: { from: string; to: string; author: string },
  now: Date,
): Promise<NumberRow[]> {
  const rows = await trx.selectFrom('phone_numbers').selectAll().where('assistant_id', '=', from).forUpdate().execute();
  for (const { sid } of rows) {
    await trx
      .updateTable('phone_numbers')
      .set({
        assistant_id: to,
        updated_at: now,
        updated_by: author,
        routing_version: sql<number>`nextval('routing_version')`,
      })
      .where('sid', '=', sid)
      .execute();
  }
  return rows;
}

export type NumberMemory = Partial<
  Pick<NumberRow, 'twilio_snapshot' | 'original_urls' | 'flipped_urls' | 'vapi_phone_number_id'>
>;

/** What was seen or set at the vendors; a new version, so that every replica hears of it. */
export async function rememberNumber(trx: Trx, sid: string, memory: NumberMemory, now: Date): Promise<void> {
  const json = (value: object | null | undefined) =>
    value === undefined ? undefined : value === null ? null : JSON.stringify(value);
  const { vapi_phone_number_id: vapiId } = memory;
  await trx
    .updateTable('phone_numbers')
    .set({
      ...('twilio_snapshot' in memory && { twilio_snapshot: json(memory.twilio_snapshot) ?? null, snapshot_at: now }),
      ...('original_urls' in memory && { original_urls: json(memory.original_urls) ?? null }),
      ...('flipped_urls' in memory && { flipped_urls: json(memory.flipped_urls) ?? null }),
      ...(vapiId !== undefined && { vapi_phone_number_id: vapiId }),
      routing_version: sql<number>`nextval('routing_version')`,
    })
    .where('sid', '=', sid)
    .execute();
}

export async function listNumbers(trx: Trx): Promise<NumberRow[]> {
  return await trx.selectFrom('phone_numbers').selectAll().orderBy('phone_number').execute();
}
