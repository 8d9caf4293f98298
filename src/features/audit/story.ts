import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';

export type AuditFacts = {
  sequence: number;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  correlationId: string;
};

/** Who changed what under these correlation ids, oldest first. */
export async function changesAbout(
  trx: Transaction<Schema>,
  tenantId: string,
  correlationIds: readonly string[],
  most: number,
): Promise<AuditFacts[]> {
  if (correlationIds.length === 0) return [];
  const rows = await trx
    .selectFrom('audit_entries')
    .select(['sequence', 'at', 'actor', 'action', 'subject', 'correlation_id'])
    .where('tenant_id', '=', tenantId)
    .where('correlation_id', 'in', [...correlationIds])
    .orderBy('at')
    .limit(most)
    .execute();
  return rows.map(({ correlation_id: correlationId, ...row }) => ({ ...row, correlationId }));
}
