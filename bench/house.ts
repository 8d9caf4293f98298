/** A whole house for benches: PostgreSQL on disk, the simulated vendors, Redis where wanted, and replicas of AVA as processes. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { freePort } from '../test/harness/free-port.ts';
import { startRedis, type TestRedis } from '../test/harness/redis.ts';
import { type Measured, startServer } from './process.ts';

export type House = {
  postgres: EmbeddedPostgres;
  simulator: Simulator;
  /** The one that runs now. */
  redis(): TestRedis;
  restartRedis(): Promise<void>;
  servers: Measured[];
  /** Starts one more replica; what belongs to the person is told by the first. */
  join(): Promise<Measured>;
  tearDown(): Promise<void>;
};

export type HouseOptions = {
  hasRedis: boolean;
  vapiConcurrency?: number;
  timeScale?: number;
  env?: Record<string, string>;
};

const silent = { info: () => {}, warn: () => {} };

/** With one replica. */
export async function buildHouse({ hasRedis, env = {}, ...twins }: HouseOptions): Promise<House> {
  await using undo = new AsyncDisposableStack();
  const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-house-'));
  undo.defer(() => rmSync(dir, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
  undo.defer(() => postgres.stop());
  await migrate({ url: postgres.url, log: silent });
  const simulator = await startSimulator(twins);
  undo.defer(() => simulator.close());
  let redis = hasRedis ? await startRedis() : undefined;
  undo.defer(async () => await redis?.stop());
  const shared = {
    ...{ AVA_ENV: 'test', RATE_LIMIT_PER_MINUTE: '10000000', AVA_SECRET_KEY: randomBytes(32).toString('hex') },
    ...{ DATABASE_URL: postgres.url, ASSISTANT_ID: simulator.vapi.assistantId },
    ...{ NUMBER: simulator.twilio.numbers[0]!, ...simulator.env(), ...env },
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  };
  const servers: Measured[] = [];
  const join = async () => {
    const port = await freePort();
    const own = path.join(dir, `replica-${servers.length}`);
    const server = await startServer('whole', {
      ...shared,
      ...{ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, HOST: '127.0.0.1' },
      ...{ AVA_DATA_DIR: own, LOG_FILE: path.join(dir, `replica-${servers.length}.log`) },
      JOINS: servers.length === 0 ? '' : 'yes',
    });
    servers.push(server);
    return server;
  };
  undo.defer(() => servers.forEach((server) => server.stop()));
  await join();
  const keep = undo.move();
  return {
    ...{ postgres, simulator, servers, join },
    redis: () => redis!,
    async restartRedis() {
      redis = await startRedis({ port: redis!.port });
    },
    tearDown: () => keep.disposeAsync(),
  };
}
