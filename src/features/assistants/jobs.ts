/** Work on assistants that nobody asked for by hand. */
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { Assistants } from './assistants.ts';

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
