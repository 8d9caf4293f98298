/** Several replicas of AVA as processes of their own, over one PostgreSQL, one Redis and one set of twins. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { createAccounts } from '../../src/features/accounts/accounts.ts';
import { createAudit } from '../../src/features/audit/audit.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { createTestDatabase, type TestDatabase } from '../harness/database.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';

export type Fleet = {
  replicas: AvaUnderTest[];
  redis: TestRedis;
  database: TestDatabase;
  simulator: Simulator;
  /** Makes users of the owner's tenant, without a password, and answers a token for each. */
  tokensOf(count: number): Promise<string[]>;
  /** Starts Redis again on the port of the one that was killed. */
  restartRedis(): Promise<void>;
  stop(): Promise<void>;
};

export type FleetOptions = {
  size?: number;
  env?: Record<string, string>;
  simulator?: SimulatorOptions;
  /** Folder of the release that the replicas run; by default this one. */
  release?: string;
};

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { size = 3, env = {}, simulator: twins = {}, release } = options;
  const database = await createTestDatabase();
  const simulator = await startSimulator(twins);
  let redis = await startRedis();
  const secretKey = randomBytes(32).toString('hex');
  const start = () =>
    startAva({
      databaseUrl: database.url,
      shared: simulator,
      ...(release !== undefined && { release }),
      env: { REDIS_URL: redis.url, AVA_SECRET_KEY: secretKey, AVA_REPLICAS: String(size), ...env },
    });
  // One after the other: a small machine that starts them all at once may be too slow for each.
  const replicas: AvaUnderTest[] = [];
  while (replicas.length < size) replicas.push(await start());
  return {
    replicas,
    database,
    simulator,
    get redis() {
      return redis;
    },
    tokensOf: (count) => makeTokens(database, secretKey, count),
    async restartRedis() {
      redis = await startRedis({ port: redis.port });
    },
    async stop() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await redis.stop();
      await simulator.close();
      await database.drop();
    },
  };
}

/** One `GET` by the holder of `token`; resolves to the status. */
export async function get(replica: { url: string }, token: string, target: string): Promise<number> {
  const response = await fetch(new URL(target, replica.url), { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
}

/** Runs `work` again and again on `lanes` lanes until the answer is called, which resolves when all lanes are over. */
export function keepBusy(lanes: number, pauseMs: number, work: (turn: number) => Promise<unknown>) {
  let isOn = true;
  let turn = 0;
  const running = Array.from({ length: lanes }, async () => {
    while (isOn) {
      turn += 1;
      await work(turn);
      if (pauseMs > 0) await wait(pauseMs);
    }
  });
  return async () => {
    isOn = false;
    await Promise.all(running);
  };
}

/** Makes users of the owner's tenant, without a password, and answers a token for each. */
export async function makeTokens({ database: db }: TestDatabase, secretKey: string, count: number): Promise<string[]> {
  const clock = systemClock;
  const log = pino({ level: 'silent' });
  const audit = createAudit({ db, clock, log, key: async () => Buffer.alloc(32, 1) });
  const { users } = createAccounts({ db, clock, log, audit, secrets: { secretKey } });
  const { id: tenantId } = await db.system
    .selectFrom('tenants')
    .select('id')
    .orderBy('created_at')
    .executeTakeFirstOrThrow();
  const people = Array.from({ length: count }, () => ({ id: randomUUID(), email: `${randomUUID()}@example.test` }));
  const rows = people.map(({ id, email }) => ({ id, email, password_hash: 'x', operator: false }));
  await db.system.insertInto('users').values(rows).execute();
  const members = people.map(({ id }) => ({ tenant_id: tenantId, user_id: id, role: 'admin' as const }));
  await db.asTenant(tenantId, (trx) => trx.insertInto('members').values(members).execute());
  const tokens: string[] = [];
  // One after the other: whoever waits for a connection waits for a bounded time.
  for (const { email } of people) tokens.push(await users.issueToken({ email, tenant: undefined, ttlSeconds: 3_600 }));
  return tokens;
}
