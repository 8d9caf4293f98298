import { defineConfig } from 'vitest/config';

/** What every test gets. */
const every = {
  globalSetup: ['test/harness/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...every, name: 'rooms', include: ['src/**/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      // Each of these starts whole servers, browsers or balancers: one file at a time, so that none starves another.
      { test: { ...every, name: 'whole', include: ['test/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } } },
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
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
