/** The disks of the database and of the log are full, and then they are not any more (R32). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { printResult, seededRandom, testSeed } from '../harness/result.ts';
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';
import { deliver, makeStorm, type StormEvent } from './storm.ts';
import { giveVapiSecret } from './vapi-secret.ts';

const SECRET_KEY = 'full disk secret key 0123456789 abcdefghij';
const CALLS = 20;
const CALLS_OF_PROBES = 1_000;
const EVENTS_OF_A_CALL = 4;
const PATIENCE_MS = 120_000;
const silent = { info: () => {}, warn: () => {} };

const disks = [mountSmallDisk(), mountSmallDisk()].filter((disk) => disk !== undefined);
const canMount = disks.length === 2;
const [databaseDisk, logDisk] = disks as [SmallDisk, SmallDisk];
let postgres: EmbeddedPostgres;
let database: Database;
let telephone: Telephone;
let secret: string;

beforeAll(async () => {
  if (!canMount) return;
  // Commits reach the disk here, as they do for an operator.
  postgres = await startEmbeddedPostgres({ dataDir: databaseDisk.dir, log: silent });
  await migrate({ url: postgres.url, log: silent });
  database = connectDatabase({ url: postgres.url, applicationName: 'full-disk', role: 'ava_app', maxConnections: 4 });
  telephone = await startTelephone({
    databaseUrl: postgres.url,
    env: { AVA_SECRET_KEY: SECRET_KEY, LOG_FILE: path.join(logDisk.dir, 'ava.log') },
  });
  await telephone.route();
  const tenant = await database.system.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
  secret = await giveVapiSecret(database, tenant.id, SECRET_KEY);
}, 240_000);

afterAll(async () => {
  for (const disk of disks) disk.free();
  await telephone?.stop();
  await database?.close();
  await postgres?.stop();
  for (const disk of disks) disk.close();
}, 120_000);

it.skipIf(!canMount)(
  'AVA lives through full disks: callers are answered, nothing acknowledged is lost, and it comes back by itself',
  { timeout: 300_000 },
  async () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const storm = makeStorm(CALLS, random);
    const to = { urls: [telephone.ava.url], secret, random };
    const half = storm.deliveries.splice(0, storm.deliveries.length / 2);
    await Promise.all(half.map((event) => deliver(event, to)));

    databaseDisk.fill();
    logDisk.fill();
    const probes = makeStorm(CALLS_OF_PROBES, random).events;
    let probed = 0;
    await until('nothing more can be stored', () => isRefused(probes[probed++]!), PATIENCE_MS);
    const rest = Promise.all(storm.deliveries.map((event) => deliver(event, to)));
    const heard = await telephone.ava.simulator.control.placeCall({ to: telephone.number });
    expect(heard).toMatchObject({ heardError: false });

    databaseDisk.free();
    logDisk.free();
    const freedMs = performance.now();
    const isReady = async () =>
      (await fetch(`${telephone.ava.url}/readyz`)).ok && !(await isRefused(probes[probed++]!));
    await until('AVA stores again', () => isReady().catch(() => false), PATIENCE_MS);
    const seconds = (performance.now() - freedMs) / 1_000;
    await rest;
    const lost = await until(
      'everything is processed',
      () => countLost([...storm.events, ...probes.slice(0, probed)]),
      PATIENCE_MS,
    );
    await until('the log goes on', () => readLog().includes(`"path":"/readyz"`) || isReady().then(() => false));

    await fillLogDisk();
    const code = await telephone.ava.stopProcess('SIGTERM');
    printResult({
      id: 'R32',
      value: `${code === 0 ? 0 : 1}; ${lost.lost}; ${seconds.toFixed(1)}`,
      unit: 'exits; acked but lost; s to recovery without hands',
      goal: '0; 0; 10',
      floor: '0; 0; 60',
      pass: code === 0 && lost.lost === 0 && seconds <= 60,
      n: storm.events.length + probed,
      seed,
    });
    expect(storm.events.filter((event) => !event.isAcknowledged)).toEqual([]);
    expect({ ...lost, code }).toEqual({ lost: 0, code: 0 });
  },
);

/** A webhook that is refused, and its sender is told so; before that the space left in the database's files is used up. */
async function isRefused(event: StormEvent): Promise<boolean> {
  const status = await post(event);
  expect([204, 503]).toContain(status);
  event.isAcknowledged = status === 204;
  return status === 503;
}

async function post({ body }: StormEvent): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': secret };
  const response = await fetch(`${telephone.ava.url}/webhooks/vapi`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}

/** Undefined while something still waits to be processed. */
async function countLost(events: StormEvent[]): Promise<{ lost: number } | undefined> {
  const owner = new Client({ connectionString: postgres.url });
  await owner.connect();
  try {
    const waiting = await owner.query(`select from webhook_events where state <> 'processed' limit 1`);
    if (waiting.rowCount !== 0) return undefined;
    const kept = await owner.query<{ id: string; n: number }>(
      'select vapi_call_id as id, count(*)::int as n from webhook_events where vapi_call_id = any($1) group by 1',
      [events.map((event) => event.vapiCallId)],
    );
    expect(Math.max(...kept.rows.map(({ n }) => n))).toBeLessThanOrEqual(EVENTS_OF_A_CALL);
    const missing = new Map(kept.rows.map(({ id, n }) => [id, -n]));
    for (const { vapiCallId, isAcknowledged } of events)
      if (isAcknowledged) missing.set(vapiCallId, (missing.get(vapiCallId) ?? 0) + 1);
    // One that was refused may have been kept all the same.
    return { lost: [...missing.values()].reduce((sum, n) => sum + Math.max(0, n), 0) };
  } finally {
    await owner.end();
  }
}

/** To the last byte: a file goes on to grow within its last page. */
async function fillLogDisk(): Promise<void> {
  logDisk.fill();
  for (let count = 0; count < 50; count += 1) expect((await fetch(`${telephone.ava.url}/healthz`)).status).toBe(200);
}

function readLog(): string {
  return readFileSync(path.join(logDisk.dir, 'ava.log'), 'utf8');
}
