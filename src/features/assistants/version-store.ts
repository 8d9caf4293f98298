/** The versions of an assistant's fields: added once, never changed. */
import { sql } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Change } from './known.ts';
import type { Trx } from './store.ts';

export type Version = {
  id: string;
  assistantId: string;
  key: string;
  version: number;
  action: string;
  before: unknown;
  after: unknown;
  author: string;
  reason: string | null;
  correlationId: string;
  checked: boolean;
  at: Date;
};

export type NewVersions = Omit<Version, 'id' | 'key' | 'version' | 'before' | 'after' | 'at'> & {
  tenantId: string;
  changes: Change[];
  at: Date;
};

export type VersionPage = { versions: Version[]; nextCursor: string | null };

export type VersionFilter = { key?: string | undefined; cursor?: string | undefined; limit: number };

/** Adds a version for each change that has none yet; resolves to how many were added. The assistant's row is locked. */
export async function addVersions(trx: Trx, order: NewVersions): Promise<number> {
  let added = 0;
  for (const { id, key, before, after } of order.changes) {
    const made = await trx
      .insertInto('setting_versions')
      .values({
        id,
        tenant_id: order.tenantId,
        vapi_assistant_id: order.assistantId,
        key,
        version: nextVersion(order.assistantId, key),
        action: order.action,
        before: jsonOrNull(before),
        after: jsonOrNull(after),
        author: order.author,
        reason: order.reason,
        correlation_id: order.correlationId,
        checked: order.checked,
        created_at: order.at,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    added += Number(made.numInsertedOrUpdatedRows ?? 0n);
  }
  return added;
}

/** Newest first. */
export async function listVersions(
  db: Database,
  tenantId: string,
  assistantId: string,
  filter: VersionFilter,
): Promise<VersionPage> {
  const after = filter.cursor === undefined ? undefined : positionOf(filter.cursor);
  return db.asTenant(tenantId, async (trx) => {
    let query = trx
      .selectFrom('setting_versions')
      .selectAll()
      .where('vapi_assistant_id', '=', assistantId)
      .orderBy('created_at', 'desc')
      .orderBy('version', 'desc')
      .orderBy('id', 'desc')
      .limit(filter.limit + 1);
    if (filter.key !== undefined) query = query.where('key', '=', filter.key);
    if (after !== undefined) {
      query = query.where(sql<boolean>`(created_at, version, id) < (${after.at}, ${after.version}, ${after.id}::uuid)`);
    }
    const found = (await query.execute()).map(versionFrom);
    const versions = found.slice(0, filter.limit);
    return { versions, nextCursor: found.length > filter.limit ? cursorOf(versions.at(-1)!) : null };
  });
}

export async function findVersion(db: Database, tenantId: string, id: string): Promise<Version | undefined> {
  return db.asTenant(tenantId, async (trx) => {
    const row = await trx.selectFrom('setting_versions').selectAll().where('id', '=', id).executeTakeFirst();
    return row && versionFrom(row);
  });
}

export async function findVersionNumber(
  db: Database,
  tenantId: string,
  wanted: { assistantId: string; key: string; version: number },
): Promise<Version | undefined> {
  return db.asTenant(tenantId, async (trx) => {
    const row = await trx
      .selectFrom('setting_versions')
      .selectAll()
      .where('vapi_assistant_id', '=', wanted.assistantId)
      .where('key', '=', wanted.key)
      .where('version', '=', wanted.version)
      .executeTakeFirst();
    return row && versionFrom(row);
  });
}

/** The last version of each key that was recorded up to and including `moment`. */
export async function versionsAsOf(db: Database, tenantId: string, moment: Version): Promise<Version[]> {
  return db.asTenant(tenantId, async (trx) => {
    const rows = await trx
      .selectFrom('setting_versions')
      .distinctOn('key')
      .selectAll()
      .where('vapi_assistant_id', '=', moment.assistantId)
      .where('created_at', '<=', moment.at)
      .orderBy('key')
      .orderBy('version', 'desc')
      .execute();
    return rows.map(versionFrom);
  });
}

function nextVersion(assistantId: string, key: string) {
  return sql<number>`(select coalesce(max(v.version), 0) + 1 from setting_versions v
    where v.vapi_assistant_id = ${assistantId} and v.key = ${key})`;
}

// SQL null stands for absent.
function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

type VersionRow = {
  id: string;
  vapi_assistant_id: string;
  key: string;
  version: number;
  action: string;
  before: unknown;
  after: unknown;
  author: string;
  reason: string | null;
  correlation_id: string;
  checked: boolean;
  created_at: Date;
};

function versionFrom(row: VersionRow): Version {
  const { id, key, version, action, before, after, author, reason, checked } = row;
  const { vapi_assistant_id: assistantId, correlation_id: correlationId, created_at: at } = row;
  return { id, assistantId, key, version, action, before, after, author, reason, correlationId, checked, at };
}

function cursorOf({ at, version, id }: Version): string {
  return Buffer.from(JSON.stringify([at.toISOString(), version, id])).toString('base64url');
}

/** Reads a cursor of ours; anything else begins at the newest. */
function positionOf(cursor: string): { at: string; version: number; id: string } | undefined {
  try {
    const [at, version, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || typeof version !== 'number') return undefined;
    if (typeof id !== 'string' || !/^[0-9a-f-]{36}$/.test(id)) return undefined;
    return { at, version, id };
  } catch {
    return undefined;
  }
}
