/** The circuit breakers as operators see and steer them. */
import type { Clock } from '../../clock.ts';
import { fail } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import type { CircuitView } from '../../resilience/circuit.ts';
import type { Guard } from '../../resilience/guard.ts';
import type { z } from 'zod';
import type { circuitSchema } from './contract.ts';

export type CircuitWire = z.output<typeof circuitSchema>;

/** Who may touch what: an operator every circuit, others the circuit of their own tenant's credential. */
export type Scope = { tenantId: string; operator: boolean };

export function createCircuitDesk({ guard, clock }: { guard: Guard; clock: Clock }) {
  const visible = (circuit: { scope: string; tenant?: string }, who: Scope) =>
    who.operator || circuit.scope === 'upstream' || circuit.tenant === who.tenantId;
  const mayChange = (name: string, who: Scope) => who.operator || name.endsWith(`/${who.tenantId}`);

  return {
    list: (who: Scope): CircuitWire[] =>
      guard
        .circuits()
        .filter((view) => visible(view, who))
        .map((view) => wireOf(view, clock)),

    /** Refuses every call until the isolation ends. Throws forbidden or not_found. */
    isolate(name: string, who: Scope, order: { reason: string; author: string; forMs: number | null }): CircuitWire {
      if (!mayChange(name, who))
        throw fail('forbidden', 'Only operators may isolate an upstream that all tenants share.');
      return known(guard.isolate(name, order), name, clock);
    },

    /** Closes the circuit by hand. Throws forbidden or not_found. */
    close(name: string, who: Scope, order: { reason: string; author: string }): CircuitWire {
      if (!mayChange(name, who)) throw fail('forbidden', 'Only operators may close a circuit that all tenants share.');
      return known(guard.close(name, order), name, clock);
    },
  };
}

function known(view: CircuitView | undefined, name: string, clock: Clock): CircuitWire {
  if (view === undefined) throw fail('not_found', `There is no circuit ${name}.`);
  return wireOf(view, clock);
}

function wireOf(view: CircuitView, clock: Clock): CircuitWire {
  const now = clock.now().getTime();
  const expires = view.isolatedForMs;
  return {
    circuit: view.circuit,
    upstream: view.upstream,
    scope: view.scope,
    tenant: view.tenant ?? null,
    state: view.state,
    not_closed_seconds: view.notClosedMs / 1000,
    consecutive_failures: view.consecutiveFailures,
    retry_after_seconds: view.state === 'closed' ? null : view.retryAfterMs / 1000,
    isolation:
      view.state !== 'isolated'
        ? null
        : {
            reason: view.reason ?? '',
            author: view.isolatedBy ?? '',
            expires_in_seconds: expires === undefined || expires === null ? null : expires / 1000,
          },
    last_failures: view.lastFailures.map((failure) => ({
      seconds_ago: Math.max(0, (now - new Date(failure.at).getTime()) / 1000),
      reason: failure.reason,
    })),
  };
}

const STATE_VALUES = { closed: 0, open: 1, isolated: 1, half_open: 2 } as const;

/** Sets the gauges from the circuits as they stand; per scope the worst one counts, since a metric never names a tenant. */
export function gaugeCircuits(guard: Guard, metrics: Metrics): void {
  metrics.breakerState.reset();
  metrics.breakerNotClosed.reset();
  const worst = new Map<string, CircuitView>();
  for (const view of guard.circuits()) {
    const key = `${view.upstream} ${view.scope}`;
    const known = worst.get(key);
    if (known === undefined || view.notClosedMs > known.notClosedMs) worst.set(key, view);
  }
  for (const { upstream, scope, state, notClosedMs } of worst.values()) {
    metrics.breakerState.set({ upstream, scope }, STATE_VALUES[state]);
    metrics.breakerNotClosed.set({ upstream, scope }, notClosedMs / 1000);
  }
}
