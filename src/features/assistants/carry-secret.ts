/** A new webhook secret is of use once Vapi sends it: it is put at every assistant that AVA manages. */
import { PublicError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Assistants } from './assistants.ts';

export type SecretCarrierDeps = {
  log: Pick<Log, 'warn'>;
  assistants: Pick<Assistants, 'reassertServers'>;
  /** What is kept of the secret before. */
  forget(tenantId: string): void;
  reassertLater(tenantId: string): Promise<void>;
};

/** Resolves to how many assistants got it; null when Vapi cannot be asked now, and a job goes on trying. */
export function createSecretCarrier({ log, assistants, forget, reassertLater }: SecretCarrierDeps) {
  return async (tenantId: string): Promise<number | null> => {
    forget(tenantId);
    try {
      return await assistants.reassertServers(tenantId);
    } catch (error) {
      if (error instanceof PublicError && error.code === 'vapi_not_configured') return 0;
      if (!(error instanceof UpstreamError)) throw error;
      log.warn({ err: error, tenant: tenantId }, 'The new webhook secret is not at Vapi yet; AVA goes on trying');
      await reassertLater(tenantId);
      return null;
    }
  };
}
