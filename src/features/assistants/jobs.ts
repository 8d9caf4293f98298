/** Work on assistants that nobody asked for by hand. */
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Assistants } from './assistants.ts';
import type { Trx } from './store.ts';

type Deps = { db: Database; log: Log; assistants: Pick<Assistants, 'reassertServers'> };

/** Connects the adopted assistants of every tenant to this AVA again where that was lost. Never rejects. */
export async function reassertAllServers({ db, log, assistants }: Deps): Promise<void> {
  const tenants = await db
    .lane('job')
    .system.selectFrom('tenants')
    .select('id')
    .execute()
    .catch(() => []);
  for (const { id } of tenants) await reassertServers({ log, assistants }, id);
}

/** Puts the job that connects a tenant's assistants; within `trx` where there is one. */
export function createReassertLater({ jobs, log }: { jobs: Pick<Jobs, 'put'>; log: Log }) {
  return async (tenantId: string, trx?: Trx): Promise<void> => {
    await jobs
      .put('assistants.reassert', { tenantId }, { singletonKey: tenantId, ...(trx && { trx }) })
      .catch((error: unknown) => {
        // A statement that failed has spoilt the transaction, so what it belongs to must fail, and with its reason.
        if (!(error instanceof DatabaseUnavailable)) throw error;
        log.info({ tenant: tenantId, err: error }, 'Assistants are connected to this AVA at the next round');
      });
  };
}

/** The same for one tenant. Never rejects: what fails now is tried again at the next round. */
export async function reassertServers(
  { log, assistants }: Pick<Deps, 'log' | 'assistants'>,
  tenantId: string,
): Promise<void> {
  try {
    const mended = await assistants.reassertServers(tenantId);
    if (mended > 0) log.info({ tenant: tenantId, mended }, 'Assistants were connected to this AVA');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'vapi_not_configured') return;
    log.warn(
      { err: error, tenant: tenantId },
      'Assistants could not be connected to this AVA; the next round tries again',
    );
  }
}
