import { sql, type Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { Check, VerificationBody, VerificationSummaryWire, VerificationWire } from './contract.ts';

type Trx = Transaction<Schema>;
type Db = Database['system'];

/** Where a page ends: the moment and the id of its last row. */
export type Place = { at: Date; id: string };

export type Judged = { outcome: VerificationWire['outcome']; passed: number; failed: number; skipped: number };

export async function addRun(
  trx: Trx,
  given: { tenantId: string; author: string; now: Date; run: VerificationBody; judged: Judged },
): Promise<string> {
  const { run, judged } = given;
  const row = await trx
    .insertInto('verification_runs')
    .values({
      tenant_id: given.tenantId,
      kind: run.kind,
      target: run.target,
      version: run.version,
      commit: run.commit,
      ...judged,
      checks: JSON.stringify(run.checks),
      author: given.author,
      started_at: run.started_at,
      finished_at: run.finished_at,
      recorded_at: given.now,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

const SUMMARY = [
  'id',
  'kind',
  'target',
  'version',
  'commit',
  'outcome',
  'passed',
  'failed',
  'skipped',
  'author',
  'started_at',
  'finished_at',
  'recorded_at',
] as const;

export async function listRuns(trx: Trx, limit: number, before: Place | undefined): Promise<VerificationSummaryWire[]> {
  let query = trx
    .selectFrom('verification_runs')
    .select(SUMMARY)
    .orderBy('recorded_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where(sql<boolean>`(recorded_at, id) < (${before.at}, ${before.id}::uuid)`);
  return (await query.execute()).map(summaryOf);
}

export async function findRun(trx: Trx, id: string): Promise<VerificationWire | undefined> {
  const row = await trx
    .selectFrom('verification_runs')
    .select([...SUMMARY, 'checks'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : { ...summaryOf(row), checks: row.checks as Check[] };
}

type SummaryRow = {
  [Key in (typeof SUMMARY)[number]]: Key extends 'started_at' | 'finished_at' | 'recorded_at'
    ? Date
    : Key extends 'passed' | 'failed' | 'skipped'
      ? number
      : Key extends 'version' | 'commit'
        ? string | null
        : string;
};

function summaryOf(row: SummaryRow): VerificationSummaryWire {
  const { id, kind, target, version, commit, outcome, passed, failed, skipped, author } = row;
  return {
    ...{ id, target, version, commit, passed, failed, skipped, author },
    kind: kind as VerificationWire['kind'],
    outcome: outcome as VerificationWire['outcome'],
    started_at: row.started_at.toISOString(),
    finished_at: row.finished_at.toISOString(),
    recorded_at: row.recorded_at.toISOString(),
  };
}

/** Synthetic tenants made before `moment`, or that one alone. */
export async function removeSynthetic(db: Db, which: { madeBefore: Date } | { tenantId: string }): Promise<string[]> {
  const found = db.selectFrom('tenants').select('id').where('synthetic', '=', true);
  const rows = await (
    'tenantId' in which ? found.where('id', '=', which.tenantId) : found.where('created_at', '<', which.madeBefore)
  ).execute();
  const ids = rows.map((row) => row.id);
  if (ids.length > 0) await db.deleteFrom('tenants').where('id', 'in', ids).where('synthetic', '=', true).execute();
  return ids;
}

export async function removeUsersOf(db: Db, emailDomain: string, madeBefore: Date | undefined, email?: string) {
  let query = db.deleteFrom('users').where('email', 'like', `%@${emailDomain}`);
  if (madeBefore !== undefined) query = query.where('created_at', '<', madeBefore);
  if (email !== undefined) query = query.where('email', '=', email);
  await query.execute();
}

export async function isSynthetic(db: Db, tenantId: string): Promise<boolean> {
  const row = await db.selectFrom('tenants').select('synthetic').where('id', '=', tenantId).executeTakeFirst();
  return row?.synthetic === true;
}
