/** A tenant's rules for calls: where they may go, how many in a day, and how long they are kept. */
import type { Database } from '../../db/connect.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import { findPolicy, type PolicyRow, putPolicy } from './store.ts';

export type CallLimits = { countries: string[]; calls_per_user_per_day: number; calls_per_tenant_per_day: number };
export type Retention = { days: number | null };
export type CallRules = ReturnType<typeof createCallRules>;

export function createCallRules({ db, audit }: { db: Database; audit: Audit }) {
  async function change(actor: Actor, action: string, values: Partial<Omit<PolicyRow, 'tenant_id'>>): Promise<void> {
    const { tenantId } = actor;
    await db.asTenant(tenantId, async (trx) => {
      const before = await findPolicy(trx);
      await putPolicy(trx, tenantId, values);
      await audit.record(trx, {
        tenantId,
        actor,
        action,
        subject: 'calls',
        details: { before: before ?? null, after: values },
      });
    });
  }

  return {
    async getLimits(tenantId: string): Promise<CallLimits> {
      const policy = await db.asTenant(tenantId, findPolicy);
      return {
        countries: policy?.countries ?? [],
        calls_per_user_per_day: policy?.calls_per_user_per_day ?? 50,
        calls_per_tenant_per_day: policy?.calls_per_tenant_per_day ?? 200,
      };
    },
    async putLimits(actor: Actor, limits: CallLimits): Promise<CallLimits> {
      await change(actor, 'calls.limits_changed', limits);
      return limits;
    },
    async getRetention(tenantId: string): Promise<Retention> {
      const policy = await db.asTenant(tenantId, findPolicy);
      return { days: policy?.retention_days ?? null };
    },
    async putRetention(actor: Actor, { days }: Retention): Promise<Retention> {
      await change(actor, 'calls.retention_changed', { retention_days: days });
      return { days };
    },
  };
}
