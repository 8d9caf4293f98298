/** Deletes calls that are older than their tenant wants to keep them. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { deleteCalls, findPolicy, listEndedBefore } from './store.ts';

const BATCH = 500;

/** Resolves to how many calls were deleted. Works in small steps, so that nobody waits for it. */
export async function deleteOldCalls({ db, clock }: { db: Database; clock: Clock }, tenantId: string): Promise<number> {
  const lane = db.lane('job');
  const policy = await lane.asTenant(tenantId, findPolicy);
  const days = policy?.retention_days ?? null;
  if (days === null) return 0;
  const moment = new Date(clock.now().getTime() - days * 86_400_000);
  let deleted = 0;
  for (;;) {
    const ids = await lane.asTenant(tenantId, async (trx) => {
      const found = await listEndedBefore(trx, moment, BATCH);
      await deleteCalls(trx, found);
      return found;
    });
    deleted += ids.length;
    if (ids.length < BATCH) return deleted;
  }
}
