/** Replicas and the database die in the middle of bursts of webhooks: nothing is lost, nothing happens twice (R14). `AVA_TEST_SCALE=17` has the full size. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult, seededRandom, testScale, testSeed } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';
import { deliver, makeStorm, type StormEvent } from './storm.ts';
import { judge, watchFinalStates } from './storm-check.ts';
import { giveVapiSecret } from './vapi-secret.ts';

const REPLICAS = 3;
const CALLS = 150 * testScale();
const EVENTS_PER_CALL = 4;
/** At full size one for every 250 events. */
const KILLS = Math.max(8, Math.round((CALLS * EVENTS_PER_CALL) / 250));
const LONGEST_PAUSE_MS = 800;
const SECRET_KEY = randomBytes(32).toString('hex');
const silent = { info: () => {}, warn: () => {} };

let postgres: EmbeddedPostgres;
let database: Database;
let simulator: Simulator;
let replicas: AvaUnderTest[] = [];
let secret: string;
let email: string;

beforeAll(async () => {
  const dataDir = mkdtempSync(path.join(inject('testRunDir'), 'kill-loops-'));
  chmodSync(dataDir, 0o755);
  // Commits reach the disk here: the database itself is killed too.
  postgres = await startEmbeddedPostgres({ dataDir, log: silent });
  await migrate({ url: postgres.url, log: silent });
  await asOwner(watchFinalStates);
  database = connectDatabase({ url: postgres.url, applicationName: 'kill-loops', role: 'ava_app', maxConnections: 4 });
  simulator = await startSimulator();
  const caller = await makeCaller(database);
  email = caller.email;
  secret = await giveVapiSecret(database, caller.tenantId, SECRET_KEY);
  replicas = await Promise.all(
    Array.from({ length: REPLICAS }, () =>
      startAva({ databaseUrl: postgres.url, shared: simulator, env: { AVA_SECRET_KEY: SECRET_KEY } }),
    ),
  );
}, 120_000);

afterAll(async () => {
  await Promise.all(replicas.map(async (replica) => replica.stopProcess('SIGKILL').then(() => replica.stop())));
  await simulator?.close();
  await database?.close();
  await postgres?.stop();
});

it(
  'loses no acknowledged webhook and does nothing twice while replicas and the database are killed',
  { timeout: 240_000 * testScale() },
  async () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const storm = makeStorm(CALLS, random);
    const to = { urls: replicas.map(({ url }) => url), secret, random };
    const slice = Math.ceil(storm.deliveries.length / (KILLS + 1));
    const deliveries: Promise<void>[] = [];
    const crew = createCrew();
    const burst = () => {
      for (const event of storm.deliveries.splice(0, slice)) deliveries.push(deliver(event, to));
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      burst();
      await wait(random() * LONGEST_PAUSE_MS);
      await until('two replicas are up', () => crew.up() >= 2, 60_000);
      crew.kill(Math.floor(random() * REPLICAS));
      if (kill % 8 === 4) killDatabase();
    }
    burst();
    await Promise.all(deliveries);
    await crew.whole();
    await until('every event is processed and every owner told', isSettled, 90_000 * testScale());
    const { mails } = simulator.control.inboxes.mailbox;
    const verdict = await asOwner((owner) => judge(owner, storm, mails));
    report(seed, storm.events, verdict);
    expect(mails.filter((mail) => !mail.to.includes(email))).toEqual([]);
    const { mail, ...counts } = verdict;
    expect(counts).toEqual({ lost: 0, duplicated: 0, unexpected: 0, undone: 0, refused: 0 });
    // A mail whose sender was killed in the middle of it is not sent again: SMTP could not tell whether it arrived.
    expect(mail.missing).toBe(0);
    expect(mail.unknown).toBeLessThanOrEqual(KILLS);
  },
);

/** The replicas, of which some are down at any moment and come back by themselves. */
function createCrew() {
  const down = new Set<number>();
  const returns: Promise<void>[] = [];
  return {
    up: () => REPLICAS - down.size,
    kill(wanted: number) {
      const index = down.has(wanted) ? (wanted + 1) % REPLICAS : wanted;
      const alive = down.has(index) ? (wanted + 2) % REPLICAS : index;
      down.add(alive);
      returns.push(replicas[alive]!.restart('SIGKILL').then(() => void down.delete(alive)));
    },
    whole: () => Promise.all(returns),
  };
}

function killDatabase(): void {
  const pid = postgres.pid();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

async function isSettled(): Promise<boolean> {
  return await asOwner(async (owner) => {
    const waiting = await owner.query<{ n: number }>(`select
      (select count(*) from webhook_events where state <> 'processed')::int +
      (select count(*) from effects where kind = 'call.told' and state <> 'done')::int as n`);
    return waiting.rows[0]?.n === 0;
  }).catch(() => false);
}

function report(seed: number, events: StormEvent[], { mail, ...verdict }: Awaited<ReturnType<typeof judge>>): void {
  const { lost, duplicated, unexpected, undone } = verdict;
  printResult({
    id: 'R14',
    value: `${events.length} events; ${KILLS} kills; ${lost}; ${duplicated}; ${unexpected}; ${undone}`,
    unit: 'events; kills; lost; duplicated effects; unexpected; final states overwritten',
    goal: '100000; 500; 0; 0; 0; 0',
    floor: '10000; 40; 0; 0; 0; 0',
    pass: lost + duplicated + unexpected + undone === 0,
    n: events.length,
    seed,
  });
  console.log(`R14 calls nobody was told of: ${mail.missing}; mails that may have arrived: ${mail.unknown}`);
}

async function asOwner<T>(work: (owner: Client) => Promise<T>): Promise<T> {
  const owner = new Client({ connectionString: postgres.url });
  owner.on('error', () => {});
  await owner.connect();
  try {
    return await work(owner);
  } finally {
    await owner.end();
  }
}
