import { type Transaction, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CalendarProvider } from './contract.ts';

type Trx = Transaction<Schema>;

export type StoredConnection = {
  provider: CalendarProvider;
  state: 'connected' | 'reconnect';
  tokens: Buffer;
  scope: string;
  expiresAt: Date;
  connectedAt: Date;
  connectedBy: string;
};

export async function listConnections(trx: Trx): Promise<StoredConnection[]> {
  const rows = await trx.selectFrom('calendar_connections').selectAll().orderBy('provider').execute();
  return rows.map((row) => ({
    provider: row.provider as CalendarProvider,
    state: row.state as StoredConnection['state'],
    tokens: row.tokens,
    scope: row.scope,
    expiresAt: row.expires_at,
    connectedAt: row.connected_at,
    connectedBy: row.connected_by,
  }));
}

export async function findConnection(trx: Trx, provider: CalendarProvider): Promise<StoredConnection | undefined> {
  return (await listConnections(trx)).find((connection) => connection.provider === provider);
}

/** Makes other refreshes of the same connection wait until `trx` ends. */
export async function lockConnection(trx: Trx, provider: CalendarProvider): Promise<void> {
  await trx
    .selectFrom('calendar_connections')
    .select('provider')
    .where('provider', '=', provider)
    .forUpdate()
    .execute();
}

export async function saveConnection(
  trx: Trx,
  tenantId: string,
  connection: Omit<StoredConnection, 'state'>,
): Promise<void> {
  const values = {
    state: 'connected',
    tokens: connection.tokens,
    scope: connection.scope,
    expires_at: connection.expiresAt,
    connected_at: connection.connectedAt,
    connected_by: connection.connectedBy,
  };
  await trx
    .insertInto('calendar_connections')
    .values({ tenant_id: tenantId, provider: connection.provider, ...values })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'provider']).doUpdateSet(values))
    .execute();
}

export async function saveTokens(
  trx: Trx,
  provider: CalendarProvider,
  given: { tokens: Buffer; expiresAt: Date },
): Promise<void> {
  await trx
    .updateTable('calendar_connections')
    .set({ tokens: given.tokens, expires_at: given.expiresAt, state: 'connected' })
    .where('provider', '=', provider)
    .execute();
}

export async function markForReconnect(trx: Trx, provider: CalendarProvider): Promise<void> {
  await trx.updateTable('calendar_connections').set({ state: 'reconnect' }).where('provider', '=', provider).execute();
}

export async function deleteConnection(trx: Trx, provider: CalendarProvider): Promise<boolean> {
  const result = await trx.deleteFrom('calendar_connections').where('provider', '=', provider).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export type Authorization = {
  stateHash: Buffer;
  browserHash: Buffer;
  provider: CalendarProvider;
  userId: string;
  userName: string;
  verifier: Buffer;
  expiresAt: Date;
};

export async function addAuthorization(trx: Trx, tenantId: string, given: Authorization, now: Date): Promise<void> {
  await trx.deleteFrom('calendar_authorizations').where('expires_at', '<', now).execute();
  await trx
    .insertInto('calendar_authorizations')
    .values({
      tenant_id: tenantId,
      state_hash: given.stateHash,
      browser_hash: given.browserHash,
      provider: given.provider,
      user_id: given.userId,
      user_name: given.userName,
      verifier: given.verifier,
      expires_at: given.expiresAt,
    })
    .execute();
}

/** Takes the authorization out: a state works once. */
export async function takeAuthorization(trx: Trx, stateHash: Buffer): Promise<Authorization | undefined> {
  const row = await trx
    .deleteFrom('calendar_authorizations')
    .where('state_hash', '=', stateHash)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    stateHash,
    browserHash: row.browser_hash,
    provider: row.provider as CalendarProvider,
    userId: row.user_id,
    userName: row.user_name,
    verifier: row.verifier,
    expiresAt: row.expires_at,
  };
}

export type Slot = { provider: CalendarProvider; keyHash: Buffer; start: Date; end: Date };

/**
 * Reserves the time for this key; `taken` where another key has it. Reservations older than `staleBefore` that never
 * became bookings do not count.
 */
export async function reserveSlot(
  trx: Trx,
  tenantId: string,
  slot: Slot,
  staleBefore: Date,
): Promise<'reserved' | 'known' | 'taken'> {
  // One at a time per calendar, so that two callers cannot both find the time free.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${tenantId}/${slot.provider}`}, 0))`.execute(trx);
  await trx
    .deleteFrom('calendar_bookings')
    .where('state', '=', 'reserved')
    .where('created_at', '<', staleBefore)
    .where('provider', '=', slot.provider)
    .where('key_hash', '!=', slot.keyHash)
    .execute();
  const overlapping = await trx
    .selectFrom('calendar_bookings')
    .select('key_hash')
    .where('provider', '=', slot.provider)
    .where('starts_at', '<', slot.end)
    .where('ends_at', '>', slot.start)
    .execute();
  if (overlapping.some((row) => !row.key_hash.equals(slot.keyHash))) return 'taken';
  if (overlapping.length > 0) return 'known';
  await trx
    .insertInto('calendar_bookings')
    .values({
      tenant_id: tenantId,
      provider: slot.provider,
      key_hash: slot.keyHash,
      starts_at: slot.start,
      ends_at: slot.end,
      state: 'reserved',
      event_id: null,
    })
    .execute();
  return 'reserved';
}

export async function findBookedEvent(trx: Trx, slot: Slot): Promise<string | null> {
  const row = await trx
    .selectFrom('calendar_bookings')
    .select('event_id')
    .where('provider', '=', slot.provider)
    .where('key_hash', '=', slot.keyHash)
    .executeTakeFirst();
  return row?.event_id ?? null;
}

export async function markBooked(trx: Trx, slot: Slot, eventId: string): Promise<void> {
  await trx
    .updateTable('calendar_bookings')
    .set({ state: 'booked', event_id: eventId })
    .where('provider', '=', slot.provider)
    .where('key_hash', '=', slot.keyHash)
    .execute();
}

export async function releaseSlot(trx: Trx, slot: Slot): Promise<void> {
  await trx
    .deleteFrom('calendar_bookings')
    .where('provider', '=', slot.provider)
    .where('key_hash', '=', slot.keyHash)
    .where('state', '=', 'reserved')
    .execute();
}
