import { sql } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { ReleaseBody, ReleaseChangeBody, ReleaseDetailWire, ReleaseWire } from './contract.ts';
import type { Place } from './store.ts';

type Db = Database['system'];

/** Undefined when another held release runs. */
export async function addRelease(
  db: Db,
  body: ReleaseBody,
  author: string,
  now: Date,
): Promise<ReleaseDetailWire | undefined> {
  const row = await db
    .insertInto('releases')
    .values({
      kind: body.kind,
      version: body.version,
      commit: body.commit ?? null,
      previous_version: body.previous_version ?? null,
      target: body.target,
      state: body.state,
      phase: body.state === 'running' ? (body.phase ?? null) : null,
      reason: body.reason ?? null,
      verification_id: body.verification_id ?? null,
      author,
      holder: body.holder ?? null,
      plan: body.plan === undefined ? null : JSON.stringify(body.plan),
      progress: body.progress === undefined ? null : JSON.stringify(body.progress),
      running_lock: body.state === 'running' && body.holder !== undefined ? true : null,
      started_at: body.started_at,
      updated_at: now,
      finished_at: body.finished_at ?? null,
    })
    .onConflict((conflict) => conflict.column('running_lock').where('running_lock', '=', true).doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : detailOf(row);
}

/** Undefined when it has ended, or another one holds it. */
export async function changeRelease(
  db: Db,
  id: string,
  body: ReleaseChangeBody,
  now: Date,
): Promise<ReleaseDetailWire | undefined> {
  const isOver = body.state !== 'running';
  let query = db
    .updateTable('releases')
    .set((eb) => ({
      state: body.state,
      phase: isOver ? null : (body.phase ?? null),
      reason: body.reason ?? eb.ref('reason'),
      verification_id: body.verification_id ?? eb.ref('verification_id'),
      holder: body.holder,
      progress: JSON.stringify(body.progress),
      running_lock: isOver ? null : true,
      updated_at: now,
      finished_at: isOver ? (body.finished_at ?? now) : null,
    }))
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('holder', 'is not', null);
  if (!body.take_over) query = query.where('holder', '=', body.holder);
  const row = await query.returningAll().executeTakeFirst();
  return row === undefined ? undefined : detailOf(row);
}

export async function findRelease(db: Db, id: string): Promise<ReleaseDetailWire | undefined> {
  const row = await db.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : detailOf(row);
}

export async function findHeldRelease(db: Db): Promise<ReleaseDetailWire | undefined> {
  const row = await db.selectFrom('releases').selectAll().where('running_lock', '=', true).executeTakeFirst();
  return row === undefined ? undefined : detailOf(row);
}

export async function listReleases(db: Db, limit: number, before: Place | undefined): Promise<ReleaseWire[]> {
  let query = db.selectFrom('releases').selectAll().orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where(sql<boolean>`(started_at, id) < (${before.at}, ${before.id}::uuid)`);
  return (await query.execute()).map(summaryOf);
}

type Moments = 'started_at' | 'updated_at' | 'finished_at';
type ReleaseRow = Omit<ReleaseWire, 'state' | 'kind' | 'phase' | Moments> & {
  kind: string;
  state: string;
  phase: string | null;
  plan: object | null;
  progress: object | null;
  started_at: Date;
  updated_at: Date | null;
  finished_at: Date | null;
};

function summaryOf(row: ReleaseRow): ReleaseWire {
  const { id, version, commit, previous_version, target, reason, verification_id, author, holder } = row;
  return {
    ...{ id, version, commit, previous_version, target, reason, verification_id, author, holder },
    kind: row.kind as ReleaseWire['kind'],
    state: row.state as ReleaseWire['state'],
    phase: row.phase as ReleaseWire['phase'],
    started_at: row.started_at.toISOString(),
    updated_at: row.updated_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

function detailOf(row: ReleaseRow): ReleaseDetailWire {
  return {
    ...summaryOf(row),
    plan: row.plan as ReleaseDetailWire['plan'],
    progress: row.progress as ReleaseDetailWire['progress'],
  };
}
