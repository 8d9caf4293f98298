/** When an assistant is made again Vapi gives it a new id: the numbers that rang the old one ring the new one. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import type { MakingDeps } from '../assistants/making.ts';
import type { Audit } from '../audit/audit.ts';
import { listNumbers, moveNumbers } from './routing-store.ts';
import type { RoutingTable } from './routing-table.ts';

export type FollowingDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  audit: Pick<Audit, 'record'>;
  vapi: Pick<Vapi, 'patchPhoneNumber'>;
  table: Pick<RoutingTable, 'changed'>;
  vapiOf(tenantId: string): Promise<VapiCredential | undefined>;
};

export function createFollowing(deps: FollowingDeps): NonNullable<MakingDeps['followers']> {
  const { db, clock, log, audit, table, vapi } = deps;
  return {
    async follow(trx, { tenantId, from, to, author }) {
      for (const { sid } of await moveNumbers(trx, { from, to, author }, clock.now())) {
        const details = { before: { assistant_id: from }, after: { assistant_id: to }, reason: 'assistant restored' };
        await audit.record(trx, {
          tenantId,
          actor: { name: author },
          action: 'routing.changed',
          subject: sid,
          details,
        });
      }
    },

    async followed({ tenantId, to }) {
      await table
        .changed()
        .catch((error: unknown) => log.warn({ err: error }, 'Other replicas learn of a new routing late'));
      const credential = await deps.vapiOf(tenantId);
      const numbers = await db.asTenant(tenantId, listNumbers);
      for (const { assistant_id: assistantId, vapi_phone_number_id: id, sid } of numbers) {
        if (assistantId !== to || id === null || credential === undefined) continue;
        await vapi
          .patchPhoneNumber(credential, id, { assistantId: to })
          .catch((error: unknown) => log.warn({ err: error, number: sid }, 'Vapi still rings the old assistant'));
      }
    },
  };
}
