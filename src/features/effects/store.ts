import { sql, type Selectable, type Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { EffectsTable, Schema } from '../../db/schema.ts';

export type Effect = {
  id: string;
  tenantId: string;
  key: string;
  kind: string;
  state: 'planned' | 'started' | 'done' | 'refused' | 'unknown' | 'given_up';
  /** The payload while it waits, then what came of it. */
  outcome: unknown;
  attempts: number;
  correlationId: string;
  createdAt: Date;
  updatedAt: Date;
};

type NewEffect = { tenantId: string; key: string; kind: string; payload?: unknown; correlationId: string; now: Date };
type Trx = Transaction<Schema>;

export async function planEffect(trx: Trx, order: NewEffect): Promise<boolean> {
  const made = await insert(trx, order, 'planned');
  return made !== undefined;
}

/** Makes the key ours when it is new, waits as planned, or was refused before; else tells how it stands. */
export async function claimEffect(trx: Trx, order: NewEffect): Promise<{ effect: Effect; isMine: boolean }> {
  const made = await insert(trx, order, 'started');
  if (made !== undefined) return { effect: made, isMine: true };
  const taken = await trx
    .updateTable('effects')
    .set((eb) => ({ state: 'started', attempts: eb('attempts', '+', 1), updated_at: order.now }))
    .where('key', '=', order.key)
    .where('state', 'in', ['planned', 'refused'])
    .returningAll()
    .executeTakeFirst();
  if (taken !== undefined) return { effect: toEffect(taken), isMine: true };
  const found = await trx.selectFrom('effects').selectAll().where('key', '=', order.key).executeTakeFirstOrThrow();
  return { effect: toEffect(found), isMine: false };
}

async function insert(trx: Trx, order: NewEffect, state: 'planned' | 'started'): Promise<Effect | undefined> {
  const row = await trx
    .insertInto('effects')
    .values({
      tenant_id: order.tenantId,
      key: order.key,
      kind: order.kind,
      state,
      outcome: JSON.stringify(order.payload ?? null),
      attempts: state === 'started' ? 1 : 0,
      correlation_id: order.correlationId,
      created_at: order.now,
      updated_at: order.now,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toEffect(row);
}

/** False where it is not any more as it was seen: state and attempts together name one try, and every try has one end. */
export async function settleEffect(
  trx: Trx,
  seen: Pick<Effect, 'id' | 'state' | 'attempts'>,
  { state, outcome, now }: { state: Effect['state']; outcome: unknown; now: Date },
): Promise<boolean> {
  const settled = await trx
    .updateTable('effects')
    .set({ state, outcome: JSON.stringify(outcome ?? null), updated_at: now })
    .where('id', '=', seen.id)
    .where('state', '=', seen.state)
    .where('attempts', '=', seen.attempts)
    .returning('id')
    .executeTakeFirst();
  return settled !== undefined;
}

export async function findEffect(trx: Trx, key: string): Promise<Effect | undefined> {
  const row = await trx.selectFrom('effects').selectAll().where('key', '=', key).executeTakeFirst();
  return row === undefined ? undefined : toEffect(row);
}

export async function findDue(
  db: Database,
  wanted: { kind: string; states: string[]; moment: Date; most: number },
): Promise<Effect[]> {
  const lane = db.lane('job');
  const { rows } = await sql<{ tenant_id: string; id: string }>`
    select * from due_effects(${wanted.kind}, ${wanted.states}, ${wanted.moment}, ${wanted.most})`.execute(lane.system);
  const found: Effect[] = [];
  for (const { tenant_id: tenantId, id } of rows) {
    const row = await lane.asTenant(tenantId, (trx) =>
      trx.selectFrom('effects').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    if (row !== undefined) found.push(toEffect(row));
  }
  return found;
}

function toEffect(row: Selectable<EffectsTable>): Effect {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    key: row.key,
    kind: row.kind,
    state: row.state as Effect['state'],
    outcome: row.outcome,
    attempts: row.attempts,
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
