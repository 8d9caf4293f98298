/** A tenant's rules for calls: where they may go, how many in a day, how long they are kept, and who is texted afterwards. */
import type { Database } from '../../db/connect.ts';
import { errorsOf } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import { CALL_ERRORS, type CallTexts } from './contract.ts';
import { allowedCountries, refusalOf } from './destinations.ts';
import { findPolicy, type PolicyRow, putPolicy } from './store.ts';

export type CallLimits = { countries: string[]; calls_per_user_per_day: number; calls_per_tenant_per_day: number };
export type Retention = { days: number | null };
export type CallRules = ReturnType<typeof createCallRules>;

export type CallRulesDeps = {
  db: Database;
  audit: Pick<Audit, 'record'>;
  ownNumbers(tenantId: string): Promise<string[]>;
};

const failCall = errorsOf(CALL_ERRORS);

export function createCallRules({ db, audit, ownNumbers }: CallRulesDeps) {
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
    async getTexts(tenantId: string): Promise<CallTexts> {
      return textsOf(await db.asTenant(tenantId, findPolicy));
    },
    /** Throws `destination_not_allowed`: a text costs money as a call does. */
    async putTexts(actor: Actor, texts: CallTexts): Promise<CallTexts> {
      const policy = await db.asTenant(actor.tenantId, findPolicy);
      const allowed = allowedCountries(policy?.countries ?? [], await ownNumbers(actor.tenantId));
      const fields = texts.to.flatMap((number, index) => {
        const message = refusalOf(number, allowed);
        return message === undefined ? [] : [{ field: `to.${index}`, message }];
      });
      if (fields[0] !== undefined) throw failCall('destination_not_allowed', fields[0].message, { fields });
      const { when, to, per_day } = texts;
      await change(actor, 'calls.texts_changed', { texts_when: when, texts_to: to, texts_per_day: per_day });
      return texts;
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

export function textsOf(policy: PolicyRow | undefined): CallTexts {
  return {
    when: (policy?.texts_when ?? 'never') as CallTexts['when'],
    to: policy?.texts_to ?? [],
    per_day: policy?.texts_per_day ?? 100,
  };
}
