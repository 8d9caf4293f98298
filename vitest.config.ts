import { defineConfig } from 'vitest/config';

/** What every test gets. */
const every = {
  globalSetup: ['test/harness/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
  // A busy machine may spoil one try. Whatever passes only on the second is named when the run ends, and is to be looked at.
  retry: 1,
};

/** Balancers, storms, and what is measured: one file at a time, so that none starves another. */
const ALONE = ['test/faults/**/*.test.ts', 'test/fleet/**/*.test.ts', 'test/browser/feel.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { ...every, name: 'rooms', include: ['src/**/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        test: {
          ...every,
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...every, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      // The runbook, and calls by telephone, once more on the system's own PostgreSQL.
      {
        test: {
          ...every,
          name: 'postgresql',
          globalSetup: ['test/harness/postgresql-setup.ts'],
          include: [
            'test/journeys/on-postgresql.ts',
            'test/journeys/runbook.test.ts',
            'test/journeys/telephone.test.ts',
          ],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
