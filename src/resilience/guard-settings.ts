/** Every figure of the guard in one place, with the defaults that AVA runs by. */
import type { BreakerSettings } from './breaker.ts';
import type { BulkheadSettings } from './bulkhead.ts';
import type { RetryBudgetSettings } from './retry-budget.ts';
import type { BackoffSettings } from './retry.ts';

export type GuardSettings = {
  breaker: BreakerSettings & { enabled: boolean; witnessWindowMs: number; maxCredentialCircuits: number };
  retry: BackoffSettings & { maxAttempts: number; budget: RetryBudgetSettings };
  bulkhead: BulkheadSettings;
  /** How long a credential is quiet after a 429 that names no time, in milliseconds. */
  coolDownMs: number;
};

export const defaultGuardSettings: GuardSettings = {
  breaker: {
    enabled: true,
    threshold: 3,
    recoveryMs: 30_000,
    successThreshold: 2,
    witnessWindowMs: 60_000,
    maxCredentialCircuits: 10_000,
  },
  retry: {
    maxAttempts: 3,
    baseMs: 250,
    capMs: 4_000,
    // Together they stay below one retry in ten requests from 12 requests a second up.
    budget: { earnedPerRequest: 0.09, freePerSecond: 0.1, savedAtMost: 5 },
  },
  bulkhead: {
    lanes: { call: 64, webhook: 32, api: 64, job: 16 },
    tenantShare: 0.5,
    waitingPerPlace: 2,
    waitMs: 1_000,
  },
  coolDownMs: 1_000,
};
