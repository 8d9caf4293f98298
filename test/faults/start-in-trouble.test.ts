/** The database dies while a replica starts, at every moment of the start in turn: it starts all the same, and is ready soon after. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type RunningServer, startServer } from '../../src/serve.ts';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { type Cable, layCable } from '../harness/cable.ts';
import { createTestDatabase, type TestDatabase } from '../harness/database.ts';
import { freePort } from '../harness/free-port.ts';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';

/** Of the moments of a start; every one with `AVA_TEST_SCALE=10`. */
const MOST_MOMENTS = 24 * testScale();
const AWAY_MS = 150;

let simulator: Simulator;
let database: TestDatabase;
let cable: Cable;
let dataDir: string;

beforeAll(async () => {
  simulator = await startSimulator();
  database = await createTestDatabase();
  cable = await layCable(database.url);
  dataDir = mkdtempSync(path.join(tmpdir(), 'ava-start-in-trouble-'));
}, 120_000);

afterAll(async () => {
  await cable.close();
  await database.drop();
  await simulator.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it(
  'starts whenever the database is lost, and is ready once it is back',
  { timeout: 600_000 * testScale() },
  async () => {
    const before = cable.answers();
    await stop((await start()).server);
    const moments = cable.answers() - before;
    const step = Math.max(1, Math.ceil(moments / MOST_MOMENTS));
    const failed: string[] = [];
    let tried = 0;
    for (let moment = 0; moment < moments; moment += step) {
      tried += 1;
      cable.afterAnswers(moment, lose);
      const started = await start().catch((error: unknown) => void failed.push(`answer ${moment}: ${String(error)}`));
      cable.plug();
      if (!started) continue;
      await untilReady(started.url, `ready after a loss at answer ${moment}`);
      await stop(started.server);
    }
    printResult({
      id: 'start',
      value: failed.length,
      unit: 'starts that a lost database ended',
      goal: '0',
      floor: '0',
      pass: failed.length === 0,
      n: tried,
    });
    expect(failed).toEqual([]);
  },
);

async function untilReady(url: string, what: string): Promise<void> {
  let said = '';
  await until(
    what,
    async () => {
      const answer = await fetch(`${url}/readyz`);
      said = await answer.text();
      return answer.ok;
    },
    30_000,
  ).catch((error: unknown) => {
    throw new Error(`it says ${said}`, { cause: error });
  });
}

function lose(): void {
  cable.pull();
  setTimeout(() => cable.plug(), AWAY_MS);
}

async function start(): Promise<{ server: RunningServer; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const loaded = loadConfig({
    AVA_ENV: 'test',
    PORT: String(port),
    PUBLIC_URL: url,
    AVA_DATA_DIR: dataDir,
    DATABASE_URL: cable.url,
    AVA_SECRET_KEY: 'start in trouble secret key 0123456789',
    ...simulator.env(),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const config = { ...loaded.config, secretKey: loaded.config.secretKey! };
  const log = pino({ level: process.env['AVA_TEST_LOG'] ?? 'silent' });
  return { server: await startServer({ config, effective: [], warnings: [], log }), url };
}

const stop = (server: RunningServer) => server.stop({ patient: false });
