import { type Transaction, sql } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { NoticeKind } from './channels.ts';
import type { AlertWire, Channel, Severity } from './contract.ts';
import type { Figures } from './figures.ts';
import { EMPTY_HISTORY, type History } from './history.ts';

type Trx = Transaction<Schema>;
type Db = Database['system'];

export type Notification = {
  channel: Channel;
  kind: NoticeKind;
  outcome: 'delivered' | 'failed' | 'unknown';
  problem: string | null;
  attempts: number;
  at: Date;
};

export type StoredAlert = {
  id: string;
  rule: string;
  resource: string;
  severity: Severity;
  summary: string;
  state: AlertWire['state'];
  value: number | null;
  startedAt: Date;
  firedAt: Date;
  resolvedAt: Date | null;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  notifications: Notification[];
};

export type Silence = {
  id: string;
  rule: string;
  resource: string | null;
  reason: string;
  author: string;
  createdAt: Date;
  expiresAt: Date;
};

// Any number that nothing else locks with.
const LEADER_LOCK = 7_020_316;

export async function saveSample(db: Db, replica: string, figures: Figures, now: Date): Promise<void> {
  const values = { at: now, figures: JSON.stringify(figures) };
  await db
    .insertInto('alert_samples')
    .values({ replica, ...values })
    .onConflict((conflict) => conflict.column('replica').doUpdateSet(values))
    .execute();
}

/** Whether this transaction leads; no other one does until it ends. */
export async function tryToLead(trx: Trx): Promise<boolean> {
  const { rows } = await sql<{ leads: boolean }>`select pg_try_advisory_xact_lock(${LEADER_LOCK}) as leads`.execute(
    trx,
  );
  return rows[0]?.leads === true;
}

export type StoredSample = { replica: string; at: Date; figures: Figures };

/** The replicas heard of after `since`; older ones are forgotten. */
export async function takeSamples(trx: Trx, since: Date): Promise<StoredSample[]> {
  await trx.deleteFrom('alert_samples').where('at', '<', since).execute();
  const rows = await trx.selectFrom('alert_samples').selectAll().execute();
  return rows.map(({ replica, at, figures }) => ({ replica, at, figures: figures as Figures }));
}

export async function loadState(db: Db | Trx): Promise<{ evaluatedAt: Date | null; history: History }> {
  const row = await db.selectFrom('alerter_state').selectAll().executeTakeFirstOrThrow();
  return { evaluatedAt: row.evaluated_at, history: { ...EMPTY_HISTORY, ...(row.state as Partial<History>) } };
}

export async function saveState(trx: Trx, history: History, now: Date): Promise<void> {
  await trx
    .updateTable('alerter_state')
    .set({ evaluated_at: now, state: JSON.stringify(history) })
    .execute();
}

/** Whether the daily test is this caller's to make; the first one is a day after the first look. */
export async function claimSelfTest(db: Db, now: Date, before: Date): Promise<boolean> {
  await db.updateTable('alerter_state').set({ tested_at: now }).where('tested_at', 'is', null).execute();
  const result = await db
    .updateTable('alerter_state')
    .set({ tested_at: now })
    .where('tested_at', '<', before)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function addAlert(
  trx: Trx,
  given: Pick<StoredAlert, 'rule' | 'resource' | 'severity' | 'summary' | 'startedAt' | 'firedAt'> & { value: number },
): Promise<void> {
  await trx
    .insertInto('alerts')
    .values({
      rule: given.rule,
      resource: given.resource,
      severity: given.severity,
      summary: given.summary,
      state: 'firing',
      value: given.value,
      started_at: given.startedAt,
      fired_at: given.firedAt,
      resolved_at: null,
      acknowledged_at: null,
      acknowledged_by: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function setValue(trx: Trx, alert: { rule: string; resource: string }, value: number): Promise<void> {
  await openOnes(trx.updateTable('alerts').set({ value }), alert).execute();
}

export async function resolveAlert(trx: Trx, alert: { rule: string; resource: string }, now: Date): Promise<void> {
  await openOnes(trx.updateTable('alerts').set({ state: 'resolved', resolved_at: now }), alert).execute();
}

function openOnes<Q extends { where(column: any, operator: any, value: any): Q }>(
  query: Q,
  { rule, resource }: { rule: string; resource: string },
): Q {
  return query.where('rule', '=', rule).where('resource', '=', resource).where('state', '!=', 'resolved');
}

/** Those that are open, and those that ended after `since`, with who was told. */
export async function listCurrent(db: Db | Trx, since: Date): Promise<StoredAlert[]> {
  return withNotifications(
    db,
    await db
      .selectFrom('alerts')
      .selectAll()
      .where((eb) => eb.or([eb('state', '!=', 'resolved'), eb('resolved_at', '>=', since)]))
      .orderBy('fired_at')
      .execute(),
  );
}

export async function findAlert(db: Db, id: string): Promise<StoredAlert | undefined> {
  const rows = await db.selectFrom('alerts').selectAll().where('id', '=', id).execute();
  return (await withNotifications(db, rows))[0];
}

export type AlertFilter = {
  state: 'open' | 'resolved' | undefined;
  limit: number;
  before: { firedAt: Date; id: string } | undefined;
};

export async function listAlerts(db: Db, { state, limit, before }: AlertFilter): Promise<StoredAlert[]> {
  let query = db.selectFrom('alerts').selectAll().orderBy('fired_at', 'desc').orderBy('id', 'desc').limit(limit);
  if (state !== undefined) query = query.where('state', state === 'open' ? '!=' : '=', 'resolved');
  if (before !== undefined) {
    query = query.where(sql<boolean>`(fired_at, id) < (${before.firedAt}, ${before.id}::uuid)`);
  }
  return withNotifications(db, await query.execute());
}

async function withNotifications(db: Db | Trx, rows: AlertRow[]): Promise<StoredAlert[]> {
  if (rows.length === 0) return [];
  const told = await db
    .selectFrom('alert_notifications')
    .selectAll()
    .where(
      'alert_id',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    rule: row.rule,
    resource: row.resource,
    severity: row.severity as Severity,
    summary: row.summary,
    state: row.state as StoredAlert['state'],
    value: row.value,
    startedAt: row.started_at,
    firedAt: row.fired_at,
    resolvedAt: row.resolved_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    notifications: told.filter((one) => one.alert_id === row.id).map((one) => one as unknown as Notification),
  }));
}

type AlertRow = {
  id: string;
  rule: string;
  resource: string;
  severity: string;
  summary: string;
  state: string;
  value: number | null;
  started_at: Date;
  fired_at: Date;
  resolved_at: Date | null;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
};

export async function acknowledge(db: Db, id: string, by: string, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('alerts')
    .set({ state: 'acknowledged', acknowledged_at: now, acknowledged_by: by })
    .where('id', '=', id)
    .where('state', '=', 'firing')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The newest of each outcome, by channel. */
export async function lastNotifications(db: Db): Promise<Notification[]> {
  const rows = await db
    .selectFrom('alert_notifications')
    .selectAll()
    .distinctOn(['channel', 'outcome'])
    .orderBy('channel')
    .orderBy('outcome')
    .orderBy('at', 'desc')
    .execute();
  return rows.map((row) => row as unknown as Notification);
}
