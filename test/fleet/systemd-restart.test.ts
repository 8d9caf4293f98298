/** One machine, one AVA, no balancer: `systemctl restart` refuses nobody, since the socket stays with systemd. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from '../harness/database.ts';
import { freePort } from '../harness/free-port.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';
import { makeTokens } from './fleet.ts';
import { startTraffic, tally } from './rolling-traffic.ts';

const RESTARTS = 2;
const START_LIMIT_MS = 180_000;
const SUPERVISOR = fileURLToPath(new URL('./socket-supervisor.ts', import.meta.url));
const socketActivate = '/usr/bin/systemd-socket-activate';

let folder: string;
let database: TestDatabase;
let simulator: Simulator;
let supervisor: ChildProcess;
let url: string;
let token: string;
let said = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ava-socket-'));
  database = await createTestDatabase();
  simulator = await startSimulator();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const secretKey = randomBytes(32).toString('hex');
  const env = {
    PATH: process.env['PATH'] ?? '',
    // Where AVA would listen by itself.
    ...{ AVA_ENV: 'test', PORT: String(await freePort()), PUBLIC_URL: url, AVA_DATA_DIR: folder },
    ...{ DATABASE_URL: database.url, AVA_SECRET_KEY: secretKey, RATE_LIMIT_PER_MINUTE: '1000000' },
    ...{ SHUTDOWN_GRACE_SECONDS: '5', LOG_FILE: path.join(folder, 'ava.log') },
    ...simulator.env(),
  };
  const { tenantId } = await makeCaller(database.database);
  const { system } = database.database;
  await system.updateTable('tenants').set({ uses_environment: true }).where('id', '=', tenantId).execute();
  [token = ''] = await makeTokens(database, secretKey, 1);
  const file = path.join(folder, 'env.json');
  writeFileSync(file, JSON.stringify(env));
  const program = ['-l', `127.0.0.1:${port}`, process.execPath, SUPERVISOR, file];
  if (!existsSync(socketActivate)) return;
  supervisor = spawn(socketActivate, program, { stdio: ['ignore', 'pipe', 'ignore'] });
  supervisor.stdout!.on('data', (chunk) => (said += String(chunk)));
  await until('AVA has started', startedAt, START_LIMIT_MS);
}, 300_000);

afterAll(async () => {
  if (supervisor && supervisor.exitCode === null) {
    const gone = new Promise((resolve) => supervisor.once('exit', resolve));
    supervisor.kill('SIGTERM');
    await gone;
  }
  await simulator?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** When the AVA that answers was started; undefined where none answers. */
async function startedAt(): Promise<string | undefined> {
  const answer = await fetch(`${url}/healthz`, { headers: { connection: 'close' } }).catch(() => undefined);
  return answer && ((await answer.json()) as { started_at: string }).started_at;
}

describe.skipIf(!existsSync(socketActivate))('a restart by a supervisor that keeps the socket', () => {
  test('refuses no connection and fails no request', { timeout: 600_000 }, async () => {
    const { stop } = startTraffic({ url, token, simulator, clients: 16, callers: 0 });
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      const before = await startedAt();
      supervisor.kill('SIGHUP');
      await until('another AVA answers', async () => (await startedAt()) !== before, START_LIMIT_MS);
    }
    const { requests, failed, cutReaders } = await stop();
    printResult({
      id: 'R28 systemd',
      value: failed.length,
      unit: `requests refused or failed in ${RESTARTS} restarts of the only process`,
      goal: '0',
      floor: '0',
      pass: failed.length === 0,
      n: requests,
    });
    expect(tally(failed)).toEqual({});
    expect(cutReaders).toBe(0);
    expect(said).toBe('ended with 0\n'.repeat(RESTARTS));
  });
});
