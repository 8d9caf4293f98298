/**
 * A circuit recovers with the next call. When nobody calls, it would stay open for ever and keep its alert alive; so a
 * clock asks the vendor something cheap once the recovery time is over, through the same guard as everybody.
 */
import type { Guard } from '../../resilience/guard.ts';

/** Asks an upstream something cheap with a tenant's credential; rejects when it fails. */
export type Probe = (tenantId: string) => Promise<void>;

export function createProber({ guard, probes }: { guard: Guard; probes: Record<string, Probe> }) {
  return {
    /** Probes every circuit whose recovery time is over; what comes of it stands in the circuits. */
    async run(): Promise<void> {
      const views = guard.circuits();
      for (const view of views) {
        if ((view.state !== 'open' && view.state !== 'half_open') || view.retryAfterMs > 0) continue;
        const tenant = view.tenant ?? views.find((other) => other.upstream === view.upstream && other.tenant)?.tenant;
        const probe = probes[view.upstream];
        if (probe === undefined || tenant === undefined) continue;
        // A probe that fails has told the circuit already.
        await probe(tenant).catch(() => {});
      }
    },
  };
}
