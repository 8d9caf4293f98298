import { type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';

export type VersionFacts = {
  id: string;
  at: Date;
  key: string;
  version: number;
  action: string;
  author: string;
  correlationId: string;
};

/** The versions of settings that came about under these correlation ids, or have this id; without their values. */
export async function versionsAbout(
  trx: Transaction<Schema>,
  tenantId: string,
  clues: { ids: readonly string[]; correlationIds: readonly string[] },
  most: number,
): Promise<VersionFacts[]> {
  const found = new Map<string, VersionFacts>();
  for (const [column, wanted] of [
    ['id', clues.ids],
    ['correlation_id', clues.correlationIds],
  ] as const) {
    if (wanted.length === 0) continue;
    const rows = await trx
      .selectFrom('setting_versions')
      .select(['id', 'created_at', 'key', 'version', 'action', 'author', 'correlation_id'])
      .where('tenant_id', '=', tenantId)
      .where(column, 'in', [...wanted])
      .orderBy('created_at')
      .limit(most)
      .execute();
    for (const { created_at: at, correlation_id: correlationId, ...row } of rows)
      found.set(row.id, { ...row, at, correlationId });
  }
  return [...found.values()];
}

/**
 * The versions of an assistant's settings that came about between two moments, and of each setting the last one before
 * them; oldest first, without their values.
 */
export async function versionsAround(
  trx: Transaction<Schema>,
  tenantId: string,
  { assistantId, from, to }: { assistantId: string; from: Date; to: Date },
  most: number,
): Promise<VersionFacts[]> {
  const versions = () =>
    trx
      .selectFrom('setting_versions')
      .select(['id', 'created_at', 'key', 'version', 'action', 'author', 'correlation_id'])
      .where('tenant_id', '=', tenantId)
      .where('vapi_assistant_id', '=', assistantId);
  const before = await versions()
    .distinctOn('key')
    .where('created_at', '<', from)
    .orderBy('key')
    .orderBy('version', 'desc')
    .limit(most)
    .execute();
  const during = await versions()
    .where('created_at', '>=', from)
    .where('created_at', '<=', to)
    .orderBy('created_at')
    .limit(most)
    .execute();
  return [...before, ...during]
    .map(({ created_at: at, correlation_id: correlationId, ...row }) => ({ ...row, at, correlationId }))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}
