import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../harness/database.ts';
import { printResult, testScale } from '../harness/result.ts';
import { killWorker } from './killed-worker.ts';

/** As many as a worker runs at once; `AVA_TEST_SCALE=5` reaches them. */
const JOBS = Math.min(200, 40 * testScale());

it(
  'gives the jobs of a worker that was killed to another one, and does nothing twice',
  { timeout: 600_000 },
  async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'ava-killed-worker-'));
    const test = await createTestDatabase();
    try {
      const { seconds, doubled, stuck } = await killWorker({
        url: test.url,
        vendor: path.join(dir, 'vendor'),
        jobs: JOBS,
      });
      printResult({
        id: 'R30',
        value: `${seconds.toFixed(1)} s; ${doubled}; ${stuck}`,
        unit: 's until all run again; effects doubled; stuck',
        goal: '30; 0; 0',
        floor: '60; 0; 0',
        pass: seconds <= 60 && doubled + stuck === 0,
        n: JOBS,
      });
      expect(seconds).toBeLessThanOrEqual(60);
      expect({ doubled, stuck }).toEqual({ doubled: 0, stuck: 0 });
    } finally {
      await test.drop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
